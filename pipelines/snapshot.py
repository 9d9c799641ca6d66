"""Stage `snapshot`: checked tables in, one labelled row per customer and as-of date out."""

from typing import Any

from core.errors import ShortHistoryError
from core.files import write_json
from features.building import build_snapshots, purchase_timelines
from features.engines.duckdb import DuckEngine, Engine
from features.engines.spark import SparkEngine
from features.families.own_events import event_features, own_kinds
from features.families.own_features import own_features
from features.planning.profile import profile
from features.planning.splits import plan_timeline, unjudged_timeline
from features.snapshot import dictionary, supported
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import own_code

ENGINES = {"duckdb": DuckEngine, "spark": SparkEngine}


def main() -> None:
    """Plan the dates, compute features and labels, write them with their dictionary."""
    params = load_params()
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
    stage.write_parquet(purchase_timelines(engine, timeline), stage.PURCHASES)
    write_json(stage.TIMELINE, timeline.to_json())
    write_json(stage.GATE, below)
    write_json(stage.FEATURES, dictionary(features, absent))


if __name__ == "__main__":
    stage.run(main)
