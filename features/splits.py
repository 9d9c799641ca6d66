"""Which as-of dates train, validate, test and score; what `auto` chose, and why.

Dates lie on a grid of `step_days` back from the last closed outcome window. The last training
outcome closes on or before the first validation date, the last validation outcome on or before the
first test date:

    horizon 28, step 14, data until 2018-01-01
    train 2017-04-10 ... 09-11 | validation 10-09, 10-23 | test 11-20, 12-04 | score 2018-01-02
"""

from dataclasses import replace
from itertools import count

from features.params import TaskParams, TimelineParams
from features.profile import Profile
from features.timeline import date_of, day_of, is_closed, last_closed
from features.timeplan import VALUE_HORIZON, Choice, Split, Timeline
from features.value_split import MIN_TRAIN, split_value
from sources.errors import ShortHistoryError, TimelineError

HORIZONS = (14, 28, 56, 90, 180, 365)
MONTH = 30  # days: what most subscriptions are paid for at a time
ACTIVE = (30, 60, 90, 180, 365)
MAX_AUTO_TRAIN = 26


def plan_timeline(task: TaskParams, params: TimelineParams, profile: Profile) -> Timeline:
    """Choose horizons and dates for data with the given rhythm.

    What is `auto` gives way in the order of the design: fewer test dates, fewer validation dates,
    then a shorter horizon. Raises ShortHistoryError, with the dates in it, when no honest split
    exists, and TimelineError for dates or horizons of params.yaml that cannot be.
    """
    profile = _known_at_score(params, profile)
    wanted, why = _wanted_horizon(task, profile)
    shorter = [h for h in reversed(HORIZONS) if h < wanted] if task.horizon_days == "auto" else []
    for horizon in (wanted, *shorter):
        active, active_why = _active(task, horizon, profile)
        for n_test, n_validation in _shapes(params):
            split = _split(horizon, active, (n_test, n_validation), profile, params)
            if split is None:
                continue
            value = split_value(
                task.value_horizon_days, horizon, split, profile.data_until, task.churn
            )
            choices = []
            if task.horizon_days == "auto":
                if horizon < wanted and task.churn == "lapse":
                    why += f", rounded up to {wanted}; the history is too short for {wanted}"
                elif horizon < wanted:
                    why += f"; the history is too short for {wanted}"
                choices.append(Choice("task.horizon_days", horizon, why))
            if task.active_within_days == "auto":
                choices.append(Choice("task.active_within_days", active, active_why))
            if value.why:
                choices.append(Choice(VALUE_HORIZON, value.told, value.why))
            choices += _date_choices(params, split, active, profile)
            return Timeline(
                horizon_days=horizon,
                active_within_days=active,
                value_horizon_days=value.told,
                data_from=profile.data_from,
                data_until=profile.data_until,
                train=split.train,
                validation=split.validation,
                test=split.test,
                unused=split.unused,
                score=_score_day(params, profile),
                value_train=value.train,
                value_test=value.test,
                choices=tuple(choices),
                churn=task.churn,
                extrapolated_from=value.extrapolated_from,
            )
    raise _too_short(shorter[-1] if shorter else wanted, task, params, profile)


def rule_timeline(task: TaskParams, params: TimelineParams, profile: Profile) -> Timeline:
    """The time plan of a history too short for `plan_timeline`: the score date and nothing else.

    The horizon, where it is `auto`, is the one the rhythm asks for. A rule tells no value: the
    value horizon stands for models of an earlier run, which may go on scoring.
    """
    profile = _known_at_score(params, profile)
    horizon, why = _wanted_horizon(task, profile)
    active, active_why = _active(task, horizon, profile)
    choices = []
    if task.horizon_days == "auto":
        choices.append(Choice("task.horizon_days", horizon, why))
    if task.active_within_days == "auto":
        choices.append(Choice("task.active_within_days", active, active_why))
    value = task.value_horizon_days
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
        score=_score_day(params, profile),
        value_train=(),
        value_test=(),
        choices=tuple(choices),
        churn=task.churn,
    )


def _known_at_score(params: TimelineParams, profile: Profile) -> Profile:
    """What came after the day that is scored was not known then: no outcome may use it."""
    if params.score_as_of == "auto":
        return profile
    return replace(profile, data_until=min(profile.data_until, day_of(params.score_as_of)))


def rhythm_horizon(long_gap: float | None) -> int:
    """The shortest of HORIZONS not below `Profile.long_gap`; the middle one where that is None."""
    if long_gap is None:
        return HORIZONS[2]
    return next((horizon for horizon in HORIZONS if horizon >= long_gap), HORIZONS[-1])


def _wanted_horizon(task: TaskParams, profile: Profile) -> tuple[int, str]:
    if task.horizon_days != "auto":
        return task.horizon_days, "set in params.yaml"
    if task.churn == "cancellation":
        # The rhythm of purchases says when the next is due, and nothing about a subscription's end.
        return MONTH, "one month, in which a subscription paid by the month can end once"
    suggested = rhythm_horizon(profile.long_gap)
    if profile.long_gap is None:
        return suggested, "too few repeat customers to measure a rhythm"
    return suggested, (
        f"nine of ten gaps of the typical repeat customer are at most {profile.long_gap:.0f} days"
    )


def _active(task: TaskParams, horizon: int, profile: Profile) -> tuple[int, str]:
    if task.active_within_days != "auto":
        return task.active_within_days, "set in params.yaml"
    room = max((profile.data_until - profile.data_from) // 3, ACTIVE[0])
    fitting = [days for days in ACTIVE if days <= room]
    enough = [days for days in fitting if days >= 3 * horizon]
    if enough:
        return enough[0], f"three horizons of {horizon} days, rounded up"
    return fitting[-1], f"the longest within a third of the history ({room} days)"


def _shapes(params: TimelineParams) -> list[tuple[int, int]]:
    """Numbers of test and validation dates to try, the wanted ones first."""
    if params.test_as_of_dates:
        tests = [len(set(params.test_as_of_dates))]
    else:
        tests = list(range(params.test_snapshots, 0, -1))
    return [(tests[0], params.validation_snapshots)] + [
        (n_test, n_validation)
        for n_validation in range(params.validation_snapshots, 0, -1)
        for n_test in tests
        if (n_test, n_validation) != (tests[0], params.validation_snapshots)
    ]


def _split(
    horizon: int, active: int, shape: tuple[int, int], profile: Profile, params: TimelineParams
) -> Split | None:
    n_test, n_validation = shape
    step = params.step_days
    test = _test_days(horizon, n_test, profile, params)
    validation = _back(last_closed(horizon, test[0]), test[0], step, n_validation)
    # Before this day the active window, and so the cohort, would be cut off by the start of data.
    earliest = profile.data_from + max(active, horizon)
    latest = last_closed(horizon, validation[0])
    wanted = MAX_AUTO_TRAIN if params.snapshots == "auto" else params.snapshots
    train = tuple(d for d in _back(latest, test[0], step, wanted) if d >= earliest)
    if len(train) < _fewest(params):
        return None
    taken = {*train, *validation, *test}
    grid = range(test[0], train[0], -step)
    closed = range(test[0], last_closed(horizon, profile.data_until) + 1, step)
    unused = tuple(sorted({*grid, *closed} - taken))
    return Split(train, validation, test, unused)


def _fewest(params: TimelineParams) -> int:
    """The number of training dates without which there is no plan."""
    return MIN_TRAIN if params.snapshots == "auto" else params.snapshots


def _test_days(
    horizon: int, n_test: int, profile: Profile, params: TimelineParams
) -> tuple[int, ...]:
    end = last_closed(horizon, profile.data_until)
    if not params.test_as_of_dates:
        return tuple(end - params.step_days * i for i in reversed(range(n_test)))
    days = tuple(sorted({day_of(d) for d in params.test_as_of_dates}))
    for day in days:
        if not is_closed(day, horizon, profile.data_until):
            raise TimelineError(
                f"timeline.test_as_of_dates: the outcome of {date_of(day)} closes on "
                f"{date_of(day + horizon)}, after the data ends ({date_of(profile.data_until)}). "
                f"The latest date that works is {date_of(end)}."
            )
    return days


def _back(latest: int, anchor: int, step: int, count: int) -> tuple[int, ...]:
    """`count` days of the grid through `anchor`, the last one at or before `latest`, ascending."""
    last = anchor - -(-(anchor - latest) // step) * step
    return tuple(last - step * i for i in reversed(range(count)))


def _score_day(params: TimelineParams, profile: Profile) -> int:
    """Midnight after the last row, unless a date is given."""
    if params.score_as_of == "auto":
        return profile.data_until + 1
    return day_of(params.score_as_of)


def _date_choices(
    params: TimelineParams, split: Split, active: int, profile: Profile
) -> list[Choice]:
    choices = []
    if params.snapshots == "auto":
        why = (
            f"every {params.step_days} days with {active} days of history before and a closed "
            f"outcome after: {date_of(split.train[0])} to {date_of(split.train[-1])}"
        )
        choices.append(Choice("timeline.snapshots", len(split.train), why))
    for name, wanted, got in (
        ("test", len(set(params.test_as_of_dates)) or params.test_snapshots, len(split.test)),
        ("validation", params.validation_snapshots, len(split.validation)),
    ):
        if got < wanted:
            why = f"{wanted} do not leave {MIN_TRAIN} training dates in this history"
            choices.append(Choice(f"timeline.{name}_snapshots", got, why))
    if params.score_as_of == "auto":
        day = _score_day(params, profile)
        why = f"{date_of(day)}, midnight after the last row ({date_of(profile.data_until)})"
        choices.append(Choice("timeline.score_as_of", day, why))
    return choices


def _too_short(
    horizon: int, task: TaskParams, params: TimelineParams, profile: Profile
) -> ShortHistoryError:
    first, last = date_of(profile.data_from), date_of(profile.data_until)
    test = _test_days(horizon, 1, profile, params)[0]
    validation = last_closed(horizon, test)
    train = last_closed(horizon, validation)
    days = _days_needed(horizon, task, params, profile)
    return ShortHistoryError(
        f"The history is too short: {first} to {last} is {(last - first).days} days. With a "
        f"horizon of {horizon} days the last training date would be {date_of(train)} (its outcome "
        f"must close by the validation date {date_of(validation)}, and that by the test date "
        f"{date_of(test)}), and {_fewest(params)} training dates need history before them. Bring "
        f"at least {days} days of purchases, or shorten task.horizon_days, "
        "task.active_within_days or timeline.step_days.",
        {"history_days": ((last - first).days, days)},
    )


def _days_needed(horizon: int, task: TaskParams, params: TimelineParams, profile: Profile) -> int:
    """The shortest longer history, up to the same last day, that this horizon can be split on."""
    shape = _shapes(params)[-1]
    for days in count(profile.data_until - profile.data_from + 1):
        longer = replace(profile, data_from=profile.data_until - days)
        active, _ = _active(task, horizon, longer)
        if _split(horizon, active, shape, longer, params):
            break
    return days
