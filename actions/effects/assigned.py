"""Contacts as an experiment: who was assigned to what, what was known then, what followed.

What was known is the customer's snapshot of the latest as-of date on or before the day of the
contact, made by the rule of features/timeline.py: nothing in it is younger than the assignment. As
many as-of dates are looked at as the run has, however many contacts there are.

Only contacts whose arm was drawn by chance can show an effect; of all others it is told why not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.arrays import BoolArray
from features.history.contacts_made import was_intended
from features.timeline import latest_as_of, whole_days
from sources.meanings.vocabulary import TREATED

STALE_DAYS = 31  # a snapshot that is older says too little of who was contacted
# Why a contact shows no effect of its action, in the order in which it is tried.
REPEATED = "repeated"  # a second one of the day: one decision, however often somebody was called
NOT_INTENDED = "not_intended"  # no action, or one without a channel
PERSISTENT = "persistent_control"  # which shows what all actions do together
UNKNOWN = "propensity_unknown"  # without chance those contacted differ from the others
CERTAIN = "propensity_certain"  # nobody to compare with
NO_SNAPSHOT = "no_snapshot"  # the customer was not scored in the month before
BY_ITSELF = (REPEATED, NOT_INTENDED, PERSISTENT, UNKNOWN, CERTAIN)
NOT_SAMPLED = "not_sampled"  # of a large company effects are measured on some customers
LEFT_OUT = (*BY_ITSELF, NO_SNAPSHOT, NOT_SAMPLED)


@dataclass(frozen=True)
class Assigned:
    """Contacts that were drawn by chance, and how many others there are.

    `rows` has customer_id, action_id, day (since 1970), treated, propensity, cost and the features
    of the snapshot. `programme` has the same columns without features, and `persistent`: those of
    the persistent control and those beside it, of both without what nobody withholds (an answer to
    a complaint), or customers with complaints would be on one side alone. `left_out` counts the
    others by LEFT_OUT.
    """

    rows: pd.DataFrame
    programme: pd.DataFrame
    left_out: dict[str, int]


def assigned(
    contacts: pd.DataFrame, snapshots: pd.DataFrame, dates: Sequence[int] | None = None
) -> Assigned:
    """Contacts (the checked table) with what `snapshots` knew of their customers before.

    Of the snapshots of the as-of days `dates` those rows are enough that `wanted` names; without
    `dates` they are whole.
    """
    if dates is None:
        dates = np.unique(whole_days(snapshots["as_of_date"])).tolist()
    rows = _rows(contacts)
    intended = was_intended(contacts).to_numpy(bool)
    repeated = _repeated(contacts, rows)
    persistent = rows["persistent"].to_numpy(bool)
    chance = rows["propensity"].to_numpy(float)
    known = np.isfinite(chance)
    by_chance = known & (chance > 0) & (chance < 1)
    reason = np.select(
        [repeated, ~intended, persistent, ~known, ~by_chance],
        BY_ITSELF,
        "",
    )
    known_before = with_snapshot(rows[reason == ""], snapshots, dates)
    left_out = {name: int((reason == name).sum()) for name in LEFT_OUT}
    left_out[NO_SNAPSHOT] = int((reason == "").sum()) - len(known_before)
    return Assigned(
        known_before.drop(columns="persistent"),
        rows[intended & ~repeated & np.where(persistent, chance != 1, by_chance)].reset_index(
            drop=True
        ),
        {name: count for name, count in left_out.items() if count},
    )


def _rows(contacts: pd.DataFrame) -> pd.DataFrame:
    """The columns that tell who was assigned to what, in the order of time."""
    nothing = pd.Series(np.nan, contacts.index)
    persistent = contacts.get("persistent_control")
    return pd.DataFrame(
        {
            "customer_id": contacts["customer_id"],
            "action_id": contacts["action_id"],
            "day": whole_days(contacts["event_time"]),
            "treated": contacts["arm"] == TREATED,
            "propensity": contacts.get("propensity", nothing).astype("float64"),
            "cost": contacts.get("cost", nothing).astype("float64"),
            "persistent": False if persistent is None else persistent.eq(True).fillna(False),
        }
    )


def _repeated(contacts: pd.DataFrame, rows: pd.DataFrame) -> BoolArray:
    """Whether a customer had the same action earlier that day (n,).

    Each would count as a draw of its own, and effects would seem surer than they are.
    """
    order = contacts.sort_values(["event_time", "contact_id"], kind="stable").index
    first = ["customer_id", "action_id", "day"]
    return rows.loc[order].duplicated(first).reindex(rows.index).to_numpy(bool)


def wanted(contacts: pd.DataFrame, dates: Sequence[int]) -> pd.DataFrame:
    """The rows of snapshots that tell what was known before contacts: customer_id, as_of_date."""
    found = _before(_rows(contacts), dates)[["customer_id", "as_of"]].drop_duplicates()
    days = pd.to_datetime(found.pop("as_of"), unit="D").astype("datetime64[us]")
    return found.assign(as_of_date=days)


def with_snapshot(
    rows: pd.DataFrame, snapshots: pd.DataFrame, dates: Sequence[int]
) -> pd.DataFrame:
    """Rows (customer_id, day) with the features of the latest snapshot on or before their day.

    Rows without one in the STALE_DAYS before are left out. Sorted by day, customer and action.
    """
    features = snapshots.assign(as_of=whole_days(snapshots["as_of_date"]))
    found = _before(rows, dates).merge(
        features.drop(columns="as_of_date"), on=["customer_id", "as_of"]
    )
    return found.sort_values(["day", "customer_id", "action_id"], ignore_index=True)


def _before(rows: pd.DataFrame, dates: Sequence[int]) -> pd.DataFrame:
    """Rows with `as_of`, the latest of the as-of days on or before theirs; not of a stale one."""
    as_of = latest_as_of(rows["day"].to_numpy(np.int64), dates)
    return rows.assign(as_of=as_of)[rows["day"] - as_of <= STALE_DAYS]
