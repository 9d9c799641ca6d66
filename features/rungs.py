"""The ladder of splits: how models can be trained and judged on a history so long, best first.

    1  train, validate and test on later dates; before the first training date lies as much history
       as anybody may have been silent (`active_within_days`)
    2  the same, but only a horizon of history before the first training date: features that look
       back further are left out
    3  no validation dates: trees and calibration are chosen by folds of the customers
    4  no later test date: judged on the last closed date, on customers that were left out

Below them, whatever the dates: 5, too few customers or outcomes for trees, 6, no closed outcome to
judge by, and 7, a rule (models/ladder.py).

Dates lie on a grid of `step_days` back from the last closed outcome window. The last training
outcome closes on or before the first validation date, the last validation outcome on or before the
first test date:

    horizon 28, step 14, data until 2018-01-01
    train 2017-04-10 ... 09-11 | validation 10-09, 10-23 | test 11-20, 12-04 | score 2018-01-02
"""

from collections.abc import Iterator

from features.params import TimelineParams
from features.profile import Profile
from features.timeline import date_of, day_of, is_closed, last_closed
from features.timeplan import Split
from features.value_split import MIN_TRAIN
from sources.errors import TimelineError

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
    earliest = profile.data_from + history
    for n_test, n_validation in _shapes(rung, params):
        test = test_days(horizon, n_test, profile, params)
        if rung == OTHER_CUSTOMERS:
            # Set by hand or not, the newest of them: the rest may teach.
            found = _one_date(horizon, earliest, test[-1], profile, params)
        else:
            found = _by_date(horizon, (n_validation, fewest(rung, params)), earliest, test, params)
        if found is not None:
            train, validation, test = found
            return Split(train, validation, test, _unused(horizon, found, profile, params))
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


Dates = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]  # train, validation, test


def _by_date(
    horizon: int,
    numbers: tuple[int, int],
    earliest: int,
    test: tuple[int, ...],
    params: TimelineParams,
) -> Dates | None:
    """Training before validation before test; `numbers` are validation and fewest training."""
    n_validation, least = numbers
    step = params.step_days
    validation = _back(last_closed(horizon, test[0]), test[0], step, n_validation)
    latest = last_closed(horizon, (*validation, *test)[0])
    train = tuple(d for d in _back(latest, test[0], step, _most(params)) if d >= earliest)
    return (train, validation, test) if len(train) >= least else None


def _one_date(
    horizon: int, earliest: int, last: int, profile: Profile, params: TimelineParams
) -> Dates | None:
    """All closed dates teach, and on the last of them customers who were left out judge."""
    train = tuple(d for d in _back(last, last, params.step_days, _most(params)) if d >= earliest)
    return (train, (), (last,)) if train and train[-1] == last else None


def _unused(
    horizon: int, dates: Dates, profile: Profile, params: TimelineParams
) -> tuple[int, ...]:
    """The closed dates of the grid that lie between two splits, or after the last test date."""
    train, validation, test = dates
    step = params.step_days
    grid = range(test[0], train[0], -step)
    closed = range(test[0], last_closed(horizon, profile.data_until) + 1, step)
    return tuple(sorted({*grid, *closed} - {*train, *validation, *test}))


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


def _back(latest: int, anchor: int, step: int, count: int) -> tuple[int, ...]:
    """`count` days of the grid through `anchor`, the last one at or before `latest`, ascending."""
    last = anchor - -(-(anchor - latest) // step) * step
    return tuple(last - step * i for i in reversed(range(count)))
