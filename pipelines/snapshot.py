"""Stage `snapshot`: checked tables in, one labelled row per customer and as-of date out."""

from typing import Any

import pandas as pd

from core.errors import ShortHistoryError
from core.files import read_json, write_json
from core.parts import write_parts
from features.building import build_snapshots, purchase_timelines
from features.engines.duckdb import DuckEngine, Engine
from features.engines.sail import SailEngine
from features.engines.spark import SparkEngine
from features.families.own_events import event_features, own_kinds
from features.families.own_features import own_features
from features.params import TaskParams, TimelineParams
from features.planning.profile import profile
from features.planning.splits import plan_timeline, unjudged_timeline
from features.planning.timeplan import Label
from features.ready.building import build_table_snapshots, no_purchases, table_dictionary
from features.ready.plan import plan_table
from features.snapshot import dictionary, supported
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import own_code
from sources.contract import READY

ENGINES = {"duckdb": DuckEngine, "spark": SparkEngine, "sail": SailEngine}


def main() -> None:
    """Plan the dates, compute features and labels, write them with their dictionary."""
    params = load_params()
    if stage.READY_TABLE.exists():
        _ready_table(params.task, params.timeline)
        return
    engine: Engine = ENGINES[params.engine](stage.tables(stage.table_names()))
    rhythm = profile(engine)
    below: dict[str, Any] = {}  # how far the history is from a model; empty where it is long enough
    try:
        timeline = plan_timeline(params.task, params.timeline, rhythm)
    except ShortHistoryError as error:
        stage.say(f"too short to judge a model: {error}")
        timeline = unjudged_timeline(params.task, params.timeline, rhythm)
        below = {"why": str(error), "distance": error.distance}
    own = (*event_features(own_kinds(engine)), *own_features(own_code()))
    features, absent = supported(
        engine.schemas, timeline.history_days, params.source.static_attributes, own
    )
    stage.say(f"{len(features)} features at {len(timeline.as_of_days())} as-of dates")
    with stage.progress("as-of dates") as done:
        build_snapshots(engine, timeline, features, stage.SNAPSHOTS, done, stage.CATEGORIES)
    write_parts(purchase_timelines(engine, timeline), stage.PURCHASES)
    write_json(stage.TIMELINE, timeline.to_json())
    write_json(stage.GATE, below)
    write_json(stage.FEATURES, dictionary(features, absent))


def _ready_table(task: TaskParams, dates: TimelineParams) -> None:
    """The same of a ready table, whose features and label are made already."""
    facts = read_json(stage.READY_TABLE)
    rows = pd.read_parquet(stage.TABLES / f"{READY}.parquet")
    label, written_on = Label(**facts["label"]), facts["written_on"]
    timeline, dated = plan_table(rows, label, written_on, task, dates)
    build_table_snapshots(dated, timeline, stage.SNAPSHOTS)
    stage.empty(stage.CATEGORIES)
    (stage.CATEGORIES / "none.txt").write_text("The data has no categories.\n", encoding="utf-8")
    stage.write_parquet(no_purchases(), stage.PURCHASES)
    write_json(stage.TIMELINE, timeline.to_json())
    write_json(stage.GATE, {})
    dictionary = table_dictionary(rows, facts["left_out"])
    write_json(stage.FEATURES, dictionary)
    stage.say(
        f"{len(dictionary['features'])} columns at {len(timeline.as_of_days())} as-of dates, "
        f"{int(dated.is_scored.sum()):,} customers to score"
    )


if __name__ == "__main__":
    stage.run(main)
