"""Score cards by the models: one row per customer at the score date (design, section 7)."""

import math
from typing import Protocol

import numpy as np
import pandas as pd

from core.arrays import BoolArray, FloatArray
from core.digits import TOLD, to_digits
from core.order import most_first
from features.planning.timeplan import Timeline
from models.bundle import Bundle
from models.cards.whole import as_timestamp, rhythm_and_contact, whole
from models.churn.reason_rows import stored
from models.churn.reasons import Explainer
from models.customers.relationship import second_purchase
from models.customers.segments import rank_in_stage, risk_band
from models.next_purchase.what import NextCategoriesModel
from models.params import BandParams
from models.words import SCORED
from sources.contract import AT_STAKE


class CardParams(Protocol):
    """The settings of cards, of those of the models."""

    @property
    def bands(self) -> BandParams:
        """Cuts of the risk bands."""

    @property
    def reasons_share(self) -> float:
        """The share of the customers, most at stake first, who get reasons."""


def tell(
    snapshot: pd.DataFrame,
    models: tuple[Bundle, Explainer, str],
    timeline: Timeline,
    bands: BandParams,
) -> pd.DataFrame:
    """What the models say of each row alone, (n,) rows on the index of the snapshot.

    `snapshot` holds rows of the score date, all of them or a part, `models` the served bundle, its
    explainer and its version.
    """
    bundle, _, _ = models
    churn_risk = bundle.churn.predict(snapshot)
    when = pd.DataFrame(index=snapshot.index)
    if bundle.knows_purchases:
        money, when = bundle.tell(snapshot, churn_risk)
    else:  # a ready table
        money = money_of_table(snapshot, churn_risk)
    known = rhythm_and_contact(snapshot, timeline)
    told = pd.concat([snapshot[["customer_id"]], money, known], axis=1)
    told["status"] = SCORED
    told["churn_risk"] = pd.Series(churn_risk, index=snapshot.index)
    told["risk_band"] = risk_band(told["churn_risk"], bands)
    if bundle.knows_purchases:
        _add_next_purchase(told, when, timeline)
    return told


def ranks(told: pd.DataFrame, reasons_share: float) -> pd.DataFrame:
    """Columns risk_rank and is_explained, and rank_in_stage where stages are known; same index.

    `told` holds customer_id, churn_risk and, as far as they are known, value_at_risk and
    lifecycle_stage of everybody who is compared. `reasons_share` of them, most at stake first, are
    explained.
    """
    found = pd.DataFrame(index=told.index)
    place = np.empty(len(told), np.int64)
    place[most_first(told, "churn_risk")] = np.arange(1, len(told) + 1)
    found["risk_rank"] = place
    if "lifecycle_stage" in told:
        found["rank_in_stage"] = rank_in_stage(told)
    found["is_explained"] = _is_most_at_stake(told, reasons_share)
    return found


def cards_of(
    told: pd.DataFrame,
    beside: pd.DataFrame,
    snapshot: pd.DataFrame,
    purchases: pd.DataFrame,
    models: tuple[Bundle, Explainer, str],
    timeline: Timeline,
) -> pd.DataFrame:
    """Cards of the cohort (`scored`) and of everyone else who ever bought (`already_churned`).

    For cancellations the latter are the customers whose subscriptions have all ended, and buyers
    who never had one. `told` is that of `tell` for the rows of the snapshot, `beside` what they are
    beside all others (`ranks`, segments, relationship) on the same index, `purchases` the purchase
    timelines of a whole range of customers, in which all of these are. Sorted by customer_id.
    """
    bundle, explainer, version = models
    cards = pd.concat([told, beside.drop(columns="is_explained")], axis=1)
    explained = snapshot.index[beside["is_explained"].to_numpy(np.bool_)]
    reasons = explainer.explain(bundle.churn, snapshot.loc[explained]) if len(explained) else []
    cards["reasons"] = pd.Series([[stored(r) for r in row] for row in reasons], index=explained)
    if "relationship_level" in beside:
        cards = cards.join(second_purchase(cards, snapshot["orders_total"] == 1))
    cards = whole(cards, purchases, version, timeline, bundle.coming_back)
    return _in_order(cards, bundle).sort_values("customer_id", ignore_index=True, kind="stable")


def score_alone(
    snapshot: pd.DataFrame,
    purchases: pd.DataFrame,
    models: tuple[Bundle, Explainer, str],
    timeline: Timeline,
    params: CardParams,
) -> pd.DataFrame:
    """Cards of a few customers, compared with nobody: no segments, no `rank_in_stage`.

    `risk_rank` is the place among these. Only of data with purchases.
    """
    told = tell(snapshot, models, timeline, params.bands)
    beside = ranks(told, params.reasons_share)
    return cards_of(told, beside, snapshot, purchases, models, timeline)


def _in_order(cards: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """The cards with their columns in order, and ranks as whole numbers."""
    if bundle.knows_purchases:
        reach = list(cards.columns).index("churn_definition")
        cards.insert(reach, "next_purchase_reach_days", bundle.next_purchase.reach_days)
    if "rank_in_stage" in cards:
        cards["rank_in_stage"] = cards["rank_in_stage"].astype("Int64")
    cards["risk_rank"] = cards["risk_rank"].astype("Int64")
    first = ["customer_id", "as_of_date", "horizon_days", "churn_definition", "status"]
    return cards[[*first, *(name for name in cards.columns if name not in first)]]


def money_of_table(snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
    """The money of a ready table: what its column says is there while the customer stays.

    Nothing is left of it when the customer leaves. No columns where the table names no money.
    """
    if AT_STAKE not in snapshot:
        return pd.DataFrame(index=snapshot.index)
    stays = snapshot[AT_STAKE]
    lapses = stays * 0.0  # unknown where the money is
    return pd.DataFrame(
        {
            "value_if_stays": stays,
            "value_if_lapses": lapses,
            "expected_value": to_digits(((1.0 - churn_risk) * stays).to_numpy(np.float64), TOLD),
            "value_at_risk": to_digits((churn_risk * stays).to_numpy(np.float64), TOLD),
        },
        index=snapshot.index,
    )


def _add_next_purchase(cards: pd.DataFrame, when: pd.DataFrame, timeline: Timeline) -> None:
    """Probabilities and dates of the next purchase, in place."""
    for name in when.columns:
        if name.startswith("purchase_probability"):
            cards[name] = when[name]
    as_of = as_timestamp(timeline.score)
    for end in ("low", "median", "high"):
        days = when[f"next_purchase_days_{end}"]
        # A day within the curve becomes a date; beyond its end it is "not within N days".
        dates = as_of + pd.to_timedelta(days.floordiv(1), unit="D")
        cards[f"next_purchase_date_{end}"] = dates.astype("datetime64[us]")


def _is_most_at_stake(cards: pd.DataFrame, share: float) -> BoolArray:
    """Whether a row (n,) is of those with the most value at risk, or without money of risk."""
    found = np.full(len(cards), share == 1.0)
    if share not in (0.0, 1.0):
        by = "value_at_risk" if "value_at_risk" in cards.columns else "churn_risk"
        found[most_first(cards, by)[: math.ceil(share * len(cards))]] = True
    return found


def with_next_categories(
    cards: pd.DataFrame,
    snapshot: pd.DataFrame,
    history: pd.DataFrame,
    model: NextCategoriesModel,
    popular: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Add `next_categories_new` and `next_categories_any`; empty for customers without a score.

    `history` is that of features/history/category_history.py, `snapshot` the rows from which the
    cards were made. Where it is not that of the whole cohort, `popular` says what is popular.
    """
    risk = cards.set_index("customer_id")["churn_risk"].reindex(snapshot["customer_id"])
    at_date = history[history["as_of_date"].isin(snapshot["as_of_date"])]
    lists = model.predict(snapshot, at_date, risk.to_numpy("float64"), popular)
    lists.insert(0, "customer_id", snapshot["customer_id"])
    return cards.merge(lists, on="customer_id", how="left", validate="one_to_one")
