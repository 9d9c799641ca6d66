"""The grid of as-of dates: every `step_days` back from the last closed outcome window.

Where people leave, or buy, on certain days of the year or month (features/planning/phase.py), a
date of another phase looks ahead to other days than the score date does. Then as-of dates lie whole
years, or months, before the score date:

    season tickets end on 31 August, horizon 120, score 2024-06-02
    dates 2019-06-02, 2020-06-02, 2021-06-02, 2022-06-02, 2023-06-02

Where they do so on one or two days of the week (a weekly box, a market day), as-of dates that are
whole weeks apart fall on the weekday of the score date: on the day after the box everybody has just
bought, and on another weekday nobody has.
"""

from features.params import TimelineParams
from features.planning.phase import Phase, phase_dates
from features.planning.profile import Profile
from features.timeline import day_of, last_closed

WEEK = 7


def score_day(params: TimelineParams, profile: Profile) -> int:
    """Midnight after the last row, unless a date is given."""
    if params.score_as_of == "auto":
        return profile.data_until + 1
    return day_of(params.score_as_of)


def phase_at(horizon: int, profile: Profile, params: TimelineParams) -> Phase | None:
    """The phase that dates have to keep to; None where any date will do, or params.yaml has dates.

    A phase of purchases is ignored where nobody buys within the horizon: all would lapse then.
    """
    phase = profile.phase
    if phase is None or not phase.bears_on(horizon) or params.test_as_of_dates:
        return None
    if phase.of == "buying" and not phase.events_ahead(score_day(params, profile), horizon):
        return None
    return phase


def closed_days(horizon: int, profile: Profile, params: TimelineParams) -> tuple[int, ...]:
    """Every as-of day inside the data whose outcome closes, ascending."""
    end = last_closed(horizon, profile.data_until)
    phase = phase_at(horizon, profile, params)
    if phase is not None:
        score = score_day(params, profile)
        return phase_dates(score, phase, profile.data_from, profile.data_until, horizon)
    anchor = day_of(min(params.test_as_of_dates)) if params.test_as_of_dates else end
    if profile.weekly and not params.test_as_of_dates and params.step_days % WEEK == 0:
        anchor -= (end - score_day(params, profile)) % WEEK
    first = anchor - max(anchor - profile.data_from, 0) // params.step_days * params.step_days
    return tuple(range(first, end + 1, params.step_days))
