"""Stage `snapshot`: checked tables in, one labelled row per customer and as-of date out."""

from collections.abc import Iterable, Iterator

from features.history import collect, purchase_timelines
from features.profile import profile
from features.snapshot import build_snapshots, dictionary, open_tables, supported
from features.splits import plan_timeline
from models.artifacts import write_json
from pipelines import stage
from pipelines.params import load_params


def main() -> None:
    """Plan the dates, compute features and labels, write them with their dictionary."""
    params = load_params()
    facts = collect(open_tables(stage.TABLES, stage.table_names()))
    timeline = plan_timeline(params.task, params.timeline, profile(facts))
    features, absent = supported(facts, timeline.history_days)
    stage.say(f"{len(features)} features at {len(timeline.as_of_days())} as-of dates")

    def progress(days: Iterable[int]) -> Iterator[int]:
        return stage.progress(days, "as-of dates")

    snapshots = build_snapshots(facts, timeline, features, progress)
    stage.write_parquet(snapshots, stage.SNAPSHOTS)
    stage.write_parquet(purchase_timelines(facts, timeline.score), stage.PURCHASES)
    write_json(stage.TIMELINE, timeline.to_json())
    write_json(stage.FEATURES, dictionary(features, absent))


if __name__ == "__main__":
    stage.run(main)
