"""Snapshots of a case that is judged over more days than any outcome had closed for."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from features.building import build_snapshots
from features.engines.duckdb import DuckEngine
from features.planning.profile import Profile, profile
from features.planning.timeplan import Split, Timeline
from features.planning.value_split import split_value
from features.snapshot import supported
from features.timeline import day_of, is_closed

STEP = 14  # days between as-of dates, as in a run
FIRST_PURCHASES = 60  # days from the start of CDNOW in which most customers first bought
ALL_DAYS = 10_000  # active within: everybody who ever bought


def build_beyond(engine: DuckEngine, horizon: int, told: int, date: str, folder: Path) -> Timeline:
    """Write the snapshots of what was known at the date, and its rows with the `told` days after.

    As `snapshots`, `beyond` and timeline.json below `folder`. Returns the plan of the run. Raises
    ValueError for days that the data does not hold.
    """
    known, day = profile(engine), day_of(dt.date.fromisoformat(date))
    if not is_closed(day, told, known.data_until):
        room = known.data_until - day
        raise ValueError(f"{told} days from {date} on are not in the data: it holds {room} of them")
    timeline = beyond_plan(horizon, told, day, known)
    features, _ = supported(engine.schemas, timeline.history_days)
    build_snapshots(engine, timeline, features, folder / "snapshots")
    judged = replace(
        timeline,
        data_until=known.data_until,
        extrapolated_from=None,
        train=(),
        validation=(),
        unused=(),
    )
    build_snapshots(engine, judged, features, folder / "beyond")
    (folder / "timeline.json").write_text(json.dumps(timeline.to_json()))
    return timeline


def beyond_plan(horizon: int, told: int, date: int, known: Profile) -> Timeline:
    """The time plan of a run as of a day (since 1970-01-01) that scores everybody who ever bought.

    `plan_timeline` lets nobody be active for longer than the history before the first training
    date, so that cohorts are alike; where all first purchases fall into the first months, as in
    CDNOW, cohorts are alike after those months.
    """
    validation = (date - horizon - STEP, date - horizon)
    days = range(validation[-1], known.data_from + FIRST_PURCHASES, -STEP)
    train = tuple(sorted(day for day in days if day + horizon <= validation[0]))
    between = {day for day in days if day > train[-1]} - {*validation}
    split = Split(train, validation, (date,), tuple(sorted(between)))
    value = split_value(told, horizon, replace(split, test=()), date)
    return Timeline(
        horizon_days=horizon,
        active_within_days=ALL_DAYS,
        value_horizon_days=told,
        data_from=known.data_from,
        data_until=date,
        train=split.train,
        validation=split.validation,
        test=split.test,
        unused=split.unused,
        score=date,
        value_train=value.train,
        value_test=value.test,
        choices=(),
        extrapolated_from=value.extrapolated_from,
    )


def over_all_days(rows: pd.DataFrame) -> pd.DataFrame:
    """Put the labels over the value horizon in the place of those within the horizon."""
    names = {"orders_in_value_horizon": "orders_in_horizon", "value": "spend_in_horizon"}
    found = {to: rows[name] for name, to in names.items() if name in rows}
    return rows.assign(**found)
