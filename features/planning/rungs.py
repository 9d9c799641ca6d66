"""The ladder of splits: the ways to train and judge models on a history, best first.

    1  train, validate and test on later dates; before the first training date lies as much history
       as a customer of the cohort may have been silent (`active_within_days`)
    2  the same, but only a horizon of history before the first training date: features that look
       back further are left out
    3  no validation dates: trees and calibration are chosen by folds of the customers
    4  no later test date: judged on the last closed date, on customers that were left out

Below them, whatever the dates: 5, too few customers or outcomes for trees, 6, no closed outcome to
judge by, and 7, a rule (models/training/ladder.py).

Dates lie on a grid of `step_days` back from the last closed outcome window. The last training
outcome closes on or before the first validation date, the last validation outcome on or before the
first test date:

    horizon 28, step 14, data until 2018-01-01
    train 2017-04-10 ... 09-11 | validation 10-09, 10-23 | test 11-20, 12-04 | score 2018-01-02
"""

from collections.abc import Callable, Iterator

from core.errors import TimelineError
from features.params import TimelineParams
from features.planning.grid import closed_days
from features.planning.profile import Profile
from features.planning.timeplan import Split
from features.planning.value_split import MIN_TRAIN
from features.timeline import date_of, day_of, is_closed, last_closed

BY_DATE, LESS_HISTORY, BY_FOLDS, OTHER_CUSTOMERS, PARAMETRIC, UNJUDGED, BY_RULE = range(1, 8)
SPLITS = (BY_DATE, LESS_HISTORY, BY_FOLDS, OTHER_CUSTOMERS)
LATER_DATES = (BY_DATE, LESS_HISTORY, BY_FOLDS)  # rungs whose models are judged on a later time
MAX_AUTO_TRAIN = 26


def split_on(
    rung: int, horizon: int, active: int, profile: Profile, params: TimelineParams
) -> Split | None:
    """The dates of a rung, with as many test and validation dates as fit; None if none do.

    Raises TimelineError for test dates of params.yaml whose outcomes do not close.
    """
    history = max(active, horizon) if rung == BY_DATE else horizon
    grid = closed_days(horizon, profile, params)
    old_enough = tuple(day for day in grid if day >= profile.data_from + history)
    return split_grid(
        rung, horizon, (grid, old_enough), params, lambda n: test_days(horizon, n, profile, params)
    )


def split_grid(
    rung: int,
    horizon: int,
    dates: tuple[tuple[int, ...], tuple[int, ...]],
    params: TimelineParams,
    tests: Callable[[int], tuple[int, ...]],
) -> Split | None:
    """The split of any dates: those whose outcomes close, and those old enough to be learned from.

    `tests` gives so many test dates, or as many as there are.
    """
    grid, old_enough = dates
    for n_test, n_validation in _shapes(rung, params):
        test = tests(n_test)
        if len(test) < n_test:
            continue
        if rung == OTHER_CUSTOMERS:
            # Set by hand or not, the newest of them: the rest may teach.
            found = _one_date(old_enough, test[-1], params)
        else:
            validation = _last(grid, n_validation, last_closed(horizon, test[0]))
            latest = last_closed(horizon, (*validation, *test)[0])
            train = _last(old_enough, _most(params), latest)
            is_enough = len(train) >= fewest(rung, params) and len(validation) == n_validation
            found = (train, validation, test) if is_enough else None
        if found is not None:
            train, validation, test = found
            between = {day for day in grid if day >= train[0]} - {*train, *validation, *test}
            return Split(train, validation, test, tuple(sorted(between)))
    return None


def fewest(rung: int, params: TimelineParams) -> int:
    """The number of training dates without which there is no plan on this rung."""
    if rung >= BY_FOLDS:
        return 1
    return MIN_TRAIN if params.snapshots == "auto" else params.snapshots


def test_days(
    horizon: int, n_test: int, profile: Profile, params: TimelineParams
) -> tuple[int, ...]:
    """The test dates of params.yaml, or the last so many whose outcomes close."""
    end = last_closed(horizon, profile.data_until)
    if not params.test_as_of_dates:
        return closed_days(horizon, profile, params)[-n_test:]
    days = tuple(sorted({day_of(d) for d in params.test_as_of_dates}))
    for day in days:
        if not is_closed(day, horizon, profile.data_until):
            raise TimelineError(
                f"timeline.test_as_of_dates: the outcome of {date_of(day)} closes on "
                f"{date_of(day + horizon)}, after the data ends ({date_of(profile.data_until)}). "
                f"The latest date that works is {date_of(end)}."
            )
    return days


Dates = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]  # train, validation, test


def _one_date(grid: tuple[int, ...], last: int, params: TimelineParams) -> Dates | None:
    """Models learn from all closed dates and are judged on the last one, on customers left out."""
    train = _last(grid, _most(params), last)
    return (train, (), (last,)) if train and train[-1] == last else None


def _shapes(rung: int, params: TimelineParams) -> Iterator[tuple[int, int]]:
    """Numbers of test and validation dates to try, the wanted ones first."""
    if params.test_as_of_dates:
        tests = [len(set(params.test_as_of_dates))]
    else:
        tests = list(range(params.test_snapshots, 0, -1))
    if rung == OTHER_CUSTOMERS:
        yield 1, 0
        return
    if rung == BY_FOLDS:
        yield from ((n_test, 0) for n_test in tests)
        return
    for n_validation in range(params.validation_snapshots, 0, -1):
        yield from ((n_test, n_validation) for n_test in tests)


def _most(params: TimelineParams) -> int:
    return MAX_AUTO_TRAIN if params.snapshots == "auto" else params.snapshots


def _last(grid: tuple[int, ...], count: int, latest: int) -> tuple[int, ...]:
    """The last `count` days of the grid up to `latest`."""
    return tuple(day for day in grid if day <= latest)[-count:] if count else ()
