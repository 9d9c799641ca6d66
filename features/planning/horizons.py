"""Horizons and the cohort's window: how `auto` derives them from the rhythm of purchases."""

from math import ceil

from features.params import TaskParams
from features.planning.profile import Profile

HORIZONS = (14, 28, 56, 90, 180, 365)
MONTH = 30  # days: what most subscriptions are paid for at a time
LONGEST_MONTH, YEAR = 31, 365
ACTIVE = (30, 60, 90, 180, 365)


def rhythm_horizon(long_gap: float | None) -> int:
    """The shortest of HORIZONS not below `Profile.long_gap`; the middle one where that is None."""
    if long_gap is None:
        return HORIZONS[2]
    return next((horizon for horizon in HORIZONS if horizon >= long_gap), HORIZONS[-1])


def wanted_horizon(task: TaskParams, profile: Profile, score: int | None = None) -> tuple[int, str]:
    """The horizon (days) of params.yaml, or the one that fits the rhythm of purchases, and why.

    `score` is the day that is scored, by default the one after the last row.
    """
    if task.horizon_days != "auto":
        return task.horizon_days, "set in params.yaml"
    if task.churn == "cancellation":
        # The rhythm of purchases says when the next is due, and nothing about a subscription's end.
        return _until_people_leave(profile, profile.data_until + 1 if score is None else score)
    suggested = rhythm_horizon(profile.long_gap)
    if profile.season is not None:
        suggested = YEAR
        why = f"purchases are made in one season ({profile.season.name}): a year reaches the next"
    elif profile.long_gap is None:
        why = "too few repeat customers to measure a rhythm"
    else:
        # Rounded up: 14.2 days do not fit into a horizon of 14.
        days = f"{ceil(profile.long_gap)} days"
        why = f"nine of ten gaps of the typical repeat customer are at most {days}"
    value = task.value_horizon_days
    if value != "auto" and value < suggested:
        shorter = [days for days in HORIZONS if days <= value]
        return max(shorter, default=value), f"{why}, and no longer than task.value_horizon_days"
    return suggested, why


def _until_people_leave(profile: Profile, score: int) -> tuple[int, str]:
    """A month, or so far ahead that people can leave at all, and why."""
    phase = profile.phase
    if phase is None:
        return MONTH, "one month, in which a subscription paid by the month can end once"
    if phase.cycle == "month":
        return LONGEST_MONTH, "the longest month: most who leave do on certain days of it"
    away = profile.absence or 0
    back = f", and the {away} days after which most who come back are back" if away else ""
    for days in (MONTH, *(days for days in HORIZONS if days > MONTH)):
        if phase.events_ahead(score, days - away):
            why = f"it reaches the days on which most who leave do ({phase.named_days}){back}"
            return days, why
    return YEAR, f"a year, since most who leave do on certain days of it ({phase.named_days})"


def active_days(task: TaskParams, horizon: int, profile: Profile) -> tuple[int, str]:
    """Within how many days a customer must have bought to be asked about, and why.

    With `auto` it is never shorter than the horizon: customers who have been silent for less than
    that have not lapsed.
    """
    if task.active_within_days != "auto":
        return task.active_within_days, "set in params.yaml"
    third = (profile.data_until - profile.data_from) // 3
    fitting = [days for days in ACTIVE if days <= third] or [ACTIVE[0]]
    enough = [days for days in fitting if days >= 3 * horizon]
    if enough:
        return enough[0], f"three horizons of {horizon} days, rounded up"
    if fitting[-1] < horizon:
        return horizon, f"the horizon, as a third of the history ({third} days) is shorter"
    if fitting[-1] > third:
        return fitting[-1], f"the shortest there is; a third of the history is {third} days"
    return fitting[-1], f"the longest within a third of the history ({third} days)"
