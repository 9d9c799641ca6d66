"""A finding on shops that are visited once a year: between the seasons everybody is silent."""

import calendar

import numpy as np
import pandas as pd

from features.profile import Profile
from features.usability.finding import Finding

YEARLY = "yearly_rhythm"  # the check that the plan asks about
LEAST_DAYS = 400  # of history: in less a year is not seen twice
MOST_MONTHS = 4  # that hold a season
IN_SEASON = 0.9  # share of the orders that fall into it
YEAR = 365


def yearly_rhythm(rows: pd.DataFrame, rhythm: Profile, horizon_days: int) -> list[Finding]:
    """A warning where nearly all orders fall into the same few months of each year."""
    if rhythm.data_until - rhythm.data_from < LEAST_DAYS:
        return []
    sold = rows[~(rows["amount"] <= 0)] if "amount" in rows else rows
    times = sold.drop_duplicates(["customer_id", "order_id"])["event_time"]
    shares = np.bincount(times.dt.month - 1, minlength=12) / max(len(times), 1)
    season = _shortest(shares)
    if season is None:
        return []
    first, months = season
    names = [calendar.month_name[(first + month) % 12 + 1] for month in range(months)]
    span = names[0] if months == 1 else f"{names[0]} to {names[-1]}"
    share = sum(shares[(first + month) % 12] for month in range(months))
    return [
        Finding(
            YEARLY,
            "warning",
            "orders",
            "event_time",
            len(times),
            f"{share:.0%} of the orders fall into {months} months of the year ({span}): for the "
            "rest of it everybody is silent, and a horizon shorter than a year calls that a loss. "
            f"The horizon is {horizon_days} days.",
            f"Set task.horizon_days to {YEAR}, as auto does where the history carries it. Whoever "
            "pauses no longer than always gets no offer from the plan (usual_pause).",
        )
    ]


def _shortest(shares: "np.typing.NDArray[np.float64]") -> tuple[int, int] | None:
    """First month (January is 0) and number of months of the shortest season; None without one."""
    around = np.concatenate([shares, shares])
    for months in range(1, MOST_MONTHS + 1):
        held = [float(around[first : first + months].sum()) for first in range(12)]
        best = int(np.argmax(held))
        if held[best] >= IN_SEASON:
            return best, months
    return None
