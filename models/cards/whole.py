"""The fields that all cards share, and the cards of customers who have already churned."""

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.digits import TOLD, to_digits
from core.errors import DataGateError
from features.planning.timeplan import Timeline
from features.timeline import date_of
from models.leaving import LAPSE
from models.win_back.coming_back import ComingBack
from models.win_back.lapsed import lapsed_at
from models.words import ALREADY_CHURNED


def whole(
    cards: pd.DataFrame,
    purchases: pd.DataFrame,
    version: str,
    timeline: Timeline,
    coming_back: ComingBack | None = None,
) -> pd.DataFrame:
    """Add the cards of everyone else who ever bought, and the fields that all cards share.

    `purchases` are the purchase timelines, `version` is that of the models or of the rule. With
    `coming_back` the cards of who has lapsed say whether they are likely to buy again.
    """
    gone = sorted(set(purchases["customer_id"]) - set(cards["customer_id"]))
    silent = pd.DataFrame({"customer_id": gone, "status": ALREADY_CHURNED})
    if coming_back is not None:
        lapsed = lapsed_at(purchases, timeline.score, timeline.active_within_days)
        told = coming_back.predict(lapsed, timeline.score)
        silent = silent.join(told, on="customer_id")
    cards = pd.concat([cards, silent], ignore_index=True)
    if purchases.empty:  # a ready table
        last = pd.Series(pd.NaT, index=cards.index, dtype="datetime64[us]")
    else:
        last = cards["customer_id"].map(purchases.groupby("customer_id")["event_day"].max())
    return cards.assign(
        last_purchase_date=last,
        as_of_date=as_timestamp(timeline.score),
        horizon_days=timeline.horizon_days,
        value_horizon_days=timeline.value_horizon_days,
        churn_definition=timeline.churn,
        model_version=version,
        data_until=as_timestamp(timeline.data_until),
    )


def rhythm_and_contact(snapshot: pd.DataFrame, timeline: Timeline) -> pd.DataFrame:
    """`usual_gap_days` and `last_contact_date`, as far as the snapshot tells, a row for each row.

    The usual gap is the customer's own mean, unknown before the second day with purchases.
    """
    found = pd.DataFrame(index=snapshot.index)
    if "gap_mean" in snapshot:
        gap = snapshot["gap_mean"].astype("float64")
        known: FloatArray = np.asarray(gap.where(gap > 0), np.float64)
        told = to_digits(known, TOLD)
        found["usual_gap_days"] = pd.Series(told, index=snapshot.index)
    if "days_since_contact" in snapshot:
        silent = pd.to_timedelta(snapshot["days_since_contact"].astype("float64"), unit="D")
        day = as_timestamp(timeline.score) - silent
        found["last_contact_date"] = day.astype("datetime64[us]")
    return found


def as_timestamp(day: int) -> pd.Timestamp:
    """A day number as a timestamp with microsecond resolution, as cards hold it."""
    return pd.Timestamp(date_of(day)).as_unit("us")


def nobody(timeline: Timeline) -> DataGateError:
    """The error for an empty cohort: why it is empty, and what to do."""
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
