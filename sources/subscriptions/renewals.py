"""Late renewals: days of grace in which a contract that has ended is not lost yet."""

from dataclasses import replace

import pandas as pd

from sources.notes import Note, Said
from sources.params import SourceParams
from sources.subscriptions.contracts import days_to_next_start, next_starts
from sources.tables.kept import Checked

LATE_DAYS = 10  # a renewal that comes no later is a late one, and no return
MANY_LATE = 0.05  # share of the renewals: above it they are told
LEAST_LATE = 10
MOST_COVERED = 0.9  # share of the late renewals that the advised grace covers


def with_grace(checked: Checked, grace_days: int, params: SourceParams) -> Checked:
    """The checked subscriptions, each ending `grace_days` later, or with the next that starts.

        grace 5:  ended 10-31, next starts 11-04    runs on until 11-04
                  ended 10-31, nothing follows      over on 11-05

    A later contract changes nothing on the days before it, so no as-of date sees the future.
    """
    if "ended_at" not in checked.rows:
        return checked
    rows = checked.rows
    notes = (*checked.notes, *_late_renewals(rows, grace_days, params))
    if not grace_days:
        return replace(checked, notes=notes)
    later = rows["ended_at"] + pd.Timedelta(days=grace_days)
    following = next_starts(rows["customer_id"], rows["started_at"], rows["ended_at"])
    later = later.mask(following < later, following).astype(rows["ended_at"].dtype)
    return replace(checked, rows=rows.assign(ended_at=later), notes=notes)


def _late_renewals(rows: pd.DataFrame, grace_days: int, params: SourceParams) -> list[Note]:
    """Renewals that come a few days after the end, and after the grace."""
    gaps = days_to_next_start(rows, params.timezone)
    renewals = gaps[gaps <= LATE_DAYS]
    late = renewals[renewals > grace_days]
    if len(late) < LEAST_LATE or len(late) <= MANY_LATE * len(renewals):
        return []
    advised = int(renewals[renewals > 0].quantile(MOST_COVERED, interpolation="higher"))
    return [
        Note(
            "late_renewals",
            "warning",
            "ended_at",
            len(late),
            f"{len(late):,} of {len(renewals):,} renewals ({len(late) / len(renewals):.1%}) come "
            f"{grace_days + 1} to {LATE_DAYS} days after the end: on the dates between, customers "
            "who renew count as gone.",
            f"Set task.grace_days to {advised} in params.yaml, if they were served in between.",
            Said(
                "late_renewals",
                late=len(late),
                renewals=len(renewals),
                share=len(late) / len(renewals),
                first=grace_days + 1,
                last=LATE_DAYS,
                advised=advised,
            ),
        )
    ]
