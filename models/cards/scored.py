"""What the models say of every customer at the score date: one row each, design section 7."""

import math

import pandas as pd

from core.errors import DataGateError
from features.planning.timeplan import Timeline
from features.timeline import date_of
from models.bundle import Bundle
from models.churn.reason_rows import stored
from models.churn.reasons import Explainer
from models.customers.segments import rank_in_stage, risk_band, segments
from models.leaving import LAPSE
from models.next_purchase.what import NextCategoriesModel
from models.params import ModelParams

SCORED, ALREADY_CHURNED = "scored", "already_churned"


def score_cards(
    snapshot: pd.DataFrame,
    purchases: pd.DataFrame,
    models: tuple[Bundle, Explainer, str],
    timeline: Timeline,
    params: ModelParams,
) -> pd.DataFrame:
    """Cards of the cohort (`scored`) and of everyone else who ever bought (`already_churned`).

    For a cancellation the latter are the customers whose subscriptions have all ended, and buyers
    who never had one.

    `snapshot` holds the rows of the score date, `purchases` the purchase timelines, `models` the
    served bundle, its explainer and its version. Sorted by risk_rank, then customer_id. Raises
    DataGateError when there is nobody to score.
    """
    bundle, explainer, version = models
    if snapshot.empty:
        raise nobody(timeline)
    churn_risk = bundle.churn.predict(snapshot)
    risk = pd.Series(churn_risk, index=snapshot.index)
    money = bundle.value.predict(snapshot, churn_risk)
    when = bundle.next_purchase.predict(snapshot, churn_risk)
    cards = pd.concat([snapshot[["customer_id"]], money, segments(snapshot)], axis=1)
    cards["status"] = SCORED
    cards["churn_risk"] = risk
    cards["risk_band"] = risk_band(risk, params.bands)
    order = cards.sort_values(["churn_risk", "customer_id"], ascending=[False, True]).index
    cards["risk_rank"] = pd.Series(range(1, len(cards) + 1), index=order)
    cards["rank_in_stage"] = rank_in_stage(cards)
    for name in when.columns:
        if name.startswith("purchase_probability"):
            cards[name] = when[name]
    as_of = pd.Timestamp(date_of(timeline.score)).as_unit("us")
    for end in ("low", "median", "high"):
        days = when[f"next_purchase_days_{end}"]
        # A day within the curve is a date; beyond its reach it is "not within N days".
        dates = as_of + pd.to_timedelta(days.floordiv(1), unit="D")
        cards[f"next_purchase_date_{end}"] = dates.astype("datetime64[us]")
    explained = _most_at_stake(cards, params.reasons_share)
    reasons = explainer.explain(bundle.churn, snapshot.loc[explained])
    cards["reasons"] = pd.Series([[stored(r) for r in row] for row in reasons], index=explained)
    gone = sorted(set(purchases["customer_id"]) - set(cards["customer_id"]))
    silent = pd.DataFrame({"customer_id": gone, "status": ALREADY_CHURNED})
    last = purchases.groupby("customer_id")["event_day"].max()
    cards = pd.concat([cards.sort_values("risk_rank"), silent], ignore_index=True)
    cards["last_purchase_date"] = cards["customer_id"].map(last)
    cards["as_of_date"] = as_of
    cards["horizon_days"] = timeline.horizon_days
    cards["value_horizon_days"] = timeline.value_horizon_days
    cards["next_purchase_reach_days"] = bundle.next_purchase.reach_days
    cards["churn_definition"] = timeline.churn
    cards["model_version"] = version
    cards["data_until"] = pd.Timestamp(date_of(timeline.data_until)).as_unit("us")
    cards["risk_rank"] = cards["risk_rank"].astype("Int64")
    cards["rank_in_stage"] = cards["rank_in_stage"].astype("Int64")
    first = ["customer_id", "as_of_date", "horizon_days", "churn_definition", "status"]
    return cards[[*first, *(name for name in cards.columns if name not in first)]]


def _most_at_stake(cards: pd.DataFrame, share: float) -> "pd.Index[int]":
    """The rows with most value at risk, without money those with the highest risk, in row order."""
    by = "value_at_risk" if "value_at_risk" in cards.columns else "churn_risk"
    order = cards.sort_values([by, "customer_id"], ascending=[False, True]).index
    first = order[: math.ceil(share * len(cards))]
    return cards.index[cards.index.isin(first)]


def with_next_categories(
    cards: pd.DataFrame, snapshot: pd.DataFrame, history: pd.DataFrame, model: NextCategoriesModel
) -> pd.DataFrame:
    """The cards with `next_categories_new` and `next_categories_any`; empty for who is not scored.

    `history` is that of features/history/category_history.py, `snapshot` the rows the cards were
    made of.
    """
    risk = cards.set_index("customer_id")["churn_risk"].reindex(snapshot["customer_id"])
    at_date = history[history["as_of_date"].isin(snapshot["as_of_date"])]
    told = model.predict(snapshot, at_date, risk.to_numpy("float64"))
    told.insert(0, "customer_id", snapshot["customer_id"])
    return cards.merge(told, on="customer_id", how="left", validate="one_to_one")


def nobody(timeline: Timeline) -> DataGateError:
    """The error of an empty cohort: what is missing, and what to do."""
    if timeline.churn == LAPSE:
        why = f"no customer bought in the {timeline.active_within_days} days before"
        cure = "newer purchases, or change timeline.score_as_of or task.active_within_days"
    else:
        why = "no customer has a subscription that runs then"
        cure = "newer subscriptions, or change timeline.score_as_of or task.churn"
    return DataGateError(
        f"Nobody can be scored as of {date_of(timeline.score)}: {why}. The last release stays as "
        f"it is. Bring {cure}."
    )
