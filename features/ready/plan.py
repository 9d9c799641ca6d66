"""The time plan of a ready table: which of its dates teach, stop and judge, and who is scored.

    dates 1 January to 1 June, labels 28 days ahead, none on 1 June:
    train 1 January, 1 February | validation 1 March, 1 April | test 1 May | score 1 June

Without dates there is one: everything that is labelled was known a horizon before the day on which
the file was saved, and folds of the customers judge (rung 4 of features/planning/rungs.py).
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from core.errors import DataGateError, TimelineError
from features.params import LABEL, TaskParams, TimelineParams
from features.planning.rungs import BY_DATE, BY_FOLDS, OTHER_CUSTOMERS, split_grid
from features.planning.timeplan import Choice, Label, Split, Timeline
from features.timeline import EPOCH, date_of, day_of

MONTH = 30  # days that a label without dates, or of a single date, is taken to look ahead
MAX_DATES = 60  # of a table: with more of them they are brought together


@dataclass(frozen=True)
class Dated:
    """The rows (n,), the as-of day of each, and which of them are scored."""

    rows: pd.DataFrame
    day: "pd.Series[int]"
    is_scored: "pd.Series[bool]"


def plan_table(
    rows: pd.DataFrame,
    label: Label,
    written_on: str,
    task: TaskParams,
    params: TimelineParams,
) -> tuple[Timeline, Dated]:
    """The time plan of checked rows, and each row's as-of day in it.

    Scored are customers without a label where there are any (with dates: on the newest date), else
    everybody (of the newest date). Raises TimelineError for dates of params.yaml that the table
    does not have, DataGateError where there is no labelled row on any date but the one scored.
    """
    if label.as_of is None:
        return _undated(rows, label, written_on, task, params)
    return _dated(rows, label, task, params)


def _undated(
    rows: pd.DataFrame, label: Label, written_on: str, task: TaskParams, params: TimelineParams
) -> tuple[Timeline, Dated]:
    choices = []
    horizon = MONTH if task.horizon_days == "auto" else task.horizon_days
    if task.horizon_days == "auto":
        why = "the table has no dates, so nothing shows how far its label looks ahead: a month"
        choices.append(Choice("task.horizon_days", horizon, why))
    if params.score_as_of == "auto":
        score = day_of(date.fromisoformat(written_on)) + 1
        why = f"{date_of(score)}, the day after the file was saved"
        choices.append(Choice("timeline.score_as_of", score, why))
    else:
        score = day_of(params.score_as_of)
    day = score - horizon
    timeline = _timeline(
        horizon,
        label,
        (Split((day,), (), (day,), ()), OTHER_CUSTOMERS),
        (day, score, score),
        choices,
    )
    days = pd.Series(day, index=rows.index)
    return timeline, Dated(rows, days, _scored(rows, days, day))


def _dated(
    rows: pd.DataFrame, label: Label, task: TaskParams, params: TimelineParams
) -> tuple[Timeline, Dated]:
    if params.score_as_of != "auto":
        raise TimelineError(
            f"timeline.score_as_of is {params.score_as_of}, but a table with dates is scored at "
            f"its "
            "newest one: set it to auto, or leave later rows out with source.filter."
        )
    choices: list[Choice] = []
    rows, days = _on_few_dates(rows, params.step_days, choices)
    every = sorted({int(day) for day in days})
    labelled = tuple(sorted({int(day) for day in days[rows["churned"].notna()]}))
    horizon = _horizon(every, task, choices)
    newest = every[-1]
    score = newest + horizon if newest in labelled else newest
    if score != newest:
        why = f"{date_of(score)}, when the labels of the newest date ({date_of(newest)}) had closed"
        choices.append(Choice("timeline.score_as_of", score, why))
    split, rung = _split(labelled, horizon, params)
    until = max(score, labelled[-1] + horizon)
    timeline = _timeline(horizon, label, (split, rung), (every[0], until, score), choices)
    return timeline, Dated(rows, days, _scored(rows, days, newest))


def _on_few_dates(
    rows: pd.DataFrame, step_days: int, choices: list[Choice]
) -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """The rows and their days; with too many dates each row counts on the next day of a grid.

    What was known earlier was known then too. Of the rows of a customer between two days of the
    grid the newest stays.
    """
    days = (rows["as_of_date"] - pd.Timestamp(EPOCH)).dt.days.astype("int64")
    if days.nunique() <= MAX_DATES:
        return rows, days
    newest = int(days.max())
    step = max(step_days, int(np.ceil((newest - int(days.min()) + 1) / MAX_DATES)))
    grid = newest - (newest - days) // step * step
    last = days.groupby([rows["customer_id"], grid]).transform("max") == days
    why = (
        f"the table has {days.nunique():,} dates: each row counts on the next of days so far apart"
        f", and {int((~last).sum()):,} older rows of a customer between two of them are left out"
    )
    choices.append(Choice("timeline.step_days", step, why))
    return rows[last].reset_index(drop=True), grid[last].reset_index(drop=True)


def _horizon(every: list[int], task: TaskParams, choices: list[Choice]) -> int:
    if task.horizon_days != "auto":
        return task.horizon_days
    gaps = np.diff(every)
    horizon, why = MONTH, "the table has a single date, so nothing shows how far its label looks"
    if len(gaps):
        horizon, why = int(gaps.min()), "the fewest days between two dates of the table"
    choices.append(Choice("task.horizon_days", horizon, why))
    return horizon


def _split(labelled: tuple[int, ...], horizon: int, params: TimelineParams) -> tuple[Split, int]:
    asked = tuple(sorted({day_of(day) for day in params.test_as_of_dates}))
    strange = [date_of(day).isoformat() for day in asked if day not in labelled]
    if strange:
        there = ", ".join(date_of(day).isoformat() for day in labelled[-5:])
        raise TimelineError(
            f"timeline.test_as_of_dates names {', '.join(strange)}, of which the table has no "
            f"labels. Its newest dates with labels are {there}."
        )

    def tests(number: int) -> tuple[int, ...]:
        return asked or labelled[-number:]

    for rung in (BY_DATE, BY_FOLDS, OTHER_CUSTOMERS):
        split = split_grid(rung, horizon, (labelled, labelled), params, tests)
        if split is not None:
            return split, rung
    raise DataGateError("The table has no date with labels.")  # refused when it was checked


def _scored(rows: pd.DataFrame, days: "pd.Series[int]", newest: int) -> "pd.Series[bool]":
    there = days == newest
    unknown = there & rows["churned"].isna()
    return unknown if unknown.any() else there


def _timeline(
    horizon: int,
    label: Label,
    planned: tuple[Split, int],
    ends: tuple[int, int, int],
    choices: list[Choice],
) -> Timeline:
    split, rung = planned
    data_from, data_until, score = ends
    return Timeline(
        horizon_days=horizon,
        active_within_days=horizon,
        value_horizon_days=horizon,
        data_from=data_from,
        data_until=data_until,
        train=split.train,
        validation=split.validation,
        test=split.test,
        unused=split.unused,
        score=score,
        value_train=(),
        value_test=(),
        choices=tuple(choices),
        churn=LABEL,
        rung=rung,
        label=label,
    )
