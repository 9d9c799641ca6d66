"""Makes the time plan: horizons and dates on the highest rung that the history supports.

features/planning/horizons.py gives the horizons, features/planning/rungs.py the dates for training,
validation and test. This module brings the two together and states each choice with its reason.
"""

from collections.abc import Iterator
from dataclasses import replace

from core.errors import ShortHistoryError, TimelineError
from features.params import TaskParams, TimelineParams
from features.planning.grid import phase_at, score_day
from features.planning.horizons import HORIZONS, active_days, wanted_horizon
from features.planning.profile import Profile
from features.planning.rungs import (
    BY_DATE,
    LATER_DATES,
    OTHER_CUSTOMERS,
    SPLITS,
    UNJUDGED,
    split_on,
)
from features.planning.timeplan import VALUE_HORIZON, Choice, Split, Timeline
from features.planning.value_split import refuse_shorter, split_value
from features.timeline import date_of, day_of

MOST_DAYS_NEEDED = 4_000  # of history; a rung that wants more is not promised


def plan_timeline(task: TaskParams, params: TimelineParams, profile: Profile) -> Timeline:
    """Choose horizons and dates for data with the given rhythm, on the highest rung that fits.

    Where the history is too short, `auto` settings give way in this order: fewer test dates, fewer
    validation dates, less history before the first date, no validation dates, a shorter horizon; at
    last models are judged on customers left out instead of on a later date. Raises
    ShortHistoryError, with the dates in it, when no outcome closes at all, and TimelineError for
    dates or horizons of params.yaml that cannot be.
    """
    profile = _known_at_score(params, profile).asked(task.churn)
    score = score_day(params, profile)
    wanted, why = wanted_horizon(task, profile, score)
    for rung, horizon in _tried(task, wanted, profile, score):
        active, active_why = active_days(task, horizon, profile)
        split = split_on(rung, horizon, active, profile, params)
        if split is None:
            continue
        value = split_value(task.value_horizon_days, horizon, split, profile.data_until, task.churn)
        choices = []
        if task.horizon_days == "auto":
            if horizon < wanted and task.churn == "lapse":
                why += f", so {wanted} days fit; the history is too short for them"
            elif horizon < wanted:
                why += f"; the history is too short for {wanted}"
            choices.append(Choice("task.horizon_days", horizon, why))
        if task.active_within_days == "auto":
            choices.append(Choice("task.active_within_days", active, active_why))
        if value.why:
            choices.append(Choice(VALUE_HORIZON, value.predicted, value.why))
        choices += _date_choices(params, split, horizon, profile)
        return Timeline(
            horizon_days=horizon,
            active_within_days=active,
            value_horizon_days=value.predicted,
            data_from=profile.data_from,
            data_until=profile.data_until,
            train=split.train,
            validation=split.validation,
            test=split.test,
            unused=split.unused,
            score=score,
            value_train=value.train,
            value_test=value.test,
            choices=tuple(choices),
            churn=task.churn,
            extrapolated_from=value.extrapolated_from,
            rung=rung,
            days_to_next_rung=_days_needed(rung, horizon, task, params, profile),
            is_seasonal=profile.season is not None
            and phase_at(horizon, profile, params) is not None,
        )
    _refuse_early_tests(horizon, task, params, profile)
    raise _too_short(horizon, task, params, profile)


def _tried(
    task: TaskParams, wanted: int, profile: Profile, score: int
) -> Iterator[tuple[int, int]]:
    """Rungs and horizons in the order in which they are tried.

    A shorter horizon that a later time can judge comes before a longer one that it cannot.
    """
    horizons = [wanted]
    if task.horizon_days == "auto":
        shorter = [days for days in reversed(HORIZONS) if days < wanted]
        horizons += [days for days in shorter if _sees_events(days, profile, score)]
    for horizon in horizons:
        yield from ((rung, horizon) for rung in LATER_DATES)
    yield from ((OTHER_CUSTOMERS, horizon) for horizon in horizons)


def _sees_events(horizon: int, profile: Profile, score: int) -> bool:
    """Whether people leave, or the season comes, within so many days of the score date."""
    phase = profile.phase
    if phase is None or (phase.of == "buying" and profile.season is None):
        return True
    away = (profile.absence or 0) if phase.of == "leaving" else 0
    return phase.events_ahead(score, horizon - away)


def unjudged_timeline(task: TaskParams, params: TimelineParams, profile: Profile) -> Timeline:
    """The time plan of a history in which no outcome closes: the score date and nothing else.

    The horizon, where it is `auto`, is the one the rhythm asks for, and so is the value horizon:
    nothing has closed by which a longer one could be learned.
    """
    profile = _known_at_score(params, profile).asked(task.churn)
    horizon, why = wanted_horizon(task, profile, score_day(params, profile))
    active, active_why = active_days(task, horizon, profile)
    choices = []
    if task.horizon_days == "auto":
        choices.append(Choice("task.horizon_days", horizon, why))
    if task.active_within_days == "auto":
        choices.append(Choice("task.active_within_days", active, active_why))
    value = task.value_horizon_days
    refuse_shorter(value, horizon)
    if value == "auto":
        value, why = horizon, "no outcome closes in time, so the horizon"
        choices.append(Choice(VALUE_HORIZON, value, why))
    return Timeline(
        horizon_days=horizon,
        active_within_days=active,
        value_horizon_days=value,
        data_from=profile.data_from,
        data_until=profile.data_until,
        train=(),
        validation=(),
        test=(),
        unused=(),
        score=score_day(params, profile),
        value_train=(),
        value_test=(),
        choices=tuple(choices),
        churn=task.churn,
        rung=UNJUDGED,
        days_to_next_rung=_days_needed(UNJUDGED, horizon, task, params, profile),
    )


def _known_at_score(params: TimelineParams, profile: Profile) -> Profile:
    """The profile without what came after the score date: no outcome may use it."""
    if params.score_as_of == "auto":
        return profile
    if day_of(params.score_as_of) <= profile.data_from:
        raise TimelineError(
            f"timeline.score_as_of ({params.score_as_of}) lies before the data begins "
            f"({date_of(profile.data_from)}), so nobody was known then. Set it to auto, or to a "
            f"date from {date_of(profile.data_from + 1)} on."
        )
    return replace(profile, data_until=min(profile.data_until, day_of(params.score_as_of)))


def _date_choices(
    params: TimelineParams, split: Split, horizon: int, profile: Profile
) -> list[Choice]:
    choices = []
    history = split.train[0] - profile.data_from
    phase = phase_at(horizon, profile, params)
    step = f"every {params.step_days} days" if phase is None else f"one a {phase.cycle}"
    if phase is not None:
        choices.append(Choice("timeline.step_days", phase.length, phase.why))
    if params.snapshots == "auto" or len(split.train) < params.snapshots:
        why = (
            f"{step} with {history} days of history before and a closed "
            f"outcome after: {date_of(split.train[0])} to {date_of(split.train[-1])}"
        )
        choices.append(Choice("timeline.snapshots", len(split.train), why))
    for name, wanted, got in (
        ("test", len(set(params.test_as_of_dates)) or params.test_snapshots, len(split.test)),
        ("validation", params.validation_snapshots, len(split.validation)),
    ):
        if got < wanted:
            why = f"{wanted} do not leave enough training dates in this history"
            choices.append(Choice(f"timeline.{name}_snapshots", got, why))
    if params.score_as_of == "auto":
        day = score_day(params, profile)
        why = f"{date_of(day)}, midnight after the last row ({date_of(profile.data_until)})"
        choices.append(Choice("timeline.score_as_of", day, why))
    return choices


def _refuse_early_tests(
    horizon: int, task: TaskParams, params: TimelineParams, profile: Profile
) -> None:
    """Raise TimelineError where test dates of params.yaml are too early, and later ones are not."""
    if not params.test_as_of_dates:
        return
    first = min(params.test_as_of_dates)
    active, _ = active_days(task, horizon, profile)
    for day in range(max(day_of(first), profile.data_from) + 1, profile.data_until - horizon + 1):
        later = tuple(max(other, date_of(day)) for other in params.test_as_of_dates)
        moved = params.model_copy(update={"test_as_of_dates": later})
        if any(split_on(rung, horizon, active, profile, moved) for rung in LATER_DATES):
            raise TimelineError(
                f"timeline.test_as_of_dates: no training date fits before {first}: it needs "
                f"{horizon} days of history, which begins on {date_of(profile.data_from)}, and an "
                f"outcome that closes by then. The earliest date that works is {date_of(day)}."
            )


def _too_short(
    horizon: int, task: TaskParams, params: TimelineParams, profile: Profile
) -> ShortHistoryError:
    first, last = date_of(profile.data_from), date_of(profile.data_until)
    days = _days_needed(UNJUDGED, horizon, task, params, profile)
    return ShortHistoryError(
        f"The {(last - first).days} days of history ({first} to {last}) hold no as-of date with "
        f"{horizon} days before it and {horizon} after it, so no outcome can judge a model. Bring "
        f"at least {days or 2 * horizon} days of purchases, or shorten task.horizon_days.",
        {"history_days": ((last - first).days, days or 2 * horizon)},
    )


def _days_needed(
    rung: int, horizon: int, task: TaskParams, params: TimelineParams, profile: Profile
) -> int | None:
    """How many days of history, up to the same last day, a higher rung needs at least.

    None on the highest, and where test dates of params.yaml keep it out of reach.
    """
    if rung == BY_DATE:
        return None
    for days in range(profile.data_until - profile.data_from + 1, MOST_DAYS_NEEDED):
        longer = replace(profile, data_from=profile.data_until - days)
        active, _ = active_days(task, horizon, longer)
        if any(
            split_on(higher, horizon, active, longer, params) for higher in SPLITS if higher < rung
        ):
            return days
    return None
