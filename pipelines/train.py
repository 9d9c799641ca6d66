"""Stage `train`: snapshots in; evaluated and served models out, with their baselines.

Below the data gates a rule is served in their place, with the distance to the gates.
"""

import pandas as pd

from features.category_history import read_categories
from features.snapshot import group_of, model_features
from features.timeplan import Timeline
from models.artifacts import read_json, write_json, write_manifest
from models.gate import Gate
from models.params import ModelParams
from models.promotion import facts
from models.rule import Rule
from models.search import FILE as SEARCH
from models.training import PAST, train_all
from models.training_categories import train_categories
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_snapshots, read_timeline
from sources.errors import DataGateError, TooLittleError


def main() -> None:
    """Fit everything and write it as text and JSON, each folder with a manifest."""
    params = load_params().model
    snapshots, timeline = read_snapshots(), read_timeline()
    gate = _too_short(snapshots, params)
    if gate is None:
        try:
            _train(snapshots, timeline, params)
        except TooLittleError as error:
            gate = Gate.of(str(error), error.distance)
    if gate is not None:
        stage.say(f"no model, so a rule will score: {gate.why}")
        stage.EVALUATED.mkdir(parents=True, exist_ok=True)
        Rule.fit(snapshots[snapshots["split"] == "score"], gate).save(stage.SERVED)
    tested = (*timeline.test, timeline.data_until)[0]
    write_manifest(stage.EVALUATED, **facts(timeline, tested))
    write_manifest(stage.SERVED, **facts(timeline, timeline.data_until))


def _too_short(snapshots: pd.DataFrame, params: ModelParams) -> Gate | None:
    """The gate that stage `snapshot` met. No outcome has closed, so only customers are counted."""
    below = read_json(stage.GATE)
    if not below:
        return None
    customers = (snapshots["customer_id"].nunique(), params.gates.min_customers)
    return Gate.of(below["why"], {**below["distance"], "customers": customers})


def _train(snapshots: pd.DataFrame, timeline: Timeline, params: ModelParams) -> None:
    features = model_features(snapshots, params.excluded_attributes)
    trained = train_all(snapshots, timeline, features, group_of(features), params, stage.say)
    trained.evaluated.save(stage.EVALUATED)
    write_json(stage.EVALUATED / SEARCH, trained.search.to_dict())
    trained.baselines.save(stage.EVALUATED)
    trained.past.save(stage.EVALUATED / PAST)
    trained.past_baselines.save(stage.EVALUATED / PAST)
    trained.served.save(stage.SERVED)
    trained.explainer.save(stage.SERVED)
    categories = read_categories(stage.CATEGORIES)
    if categories is None:
        return
    try:
        made = train_categories(snapshots, categories, timeline, features, params)
    except DataGateError as error:  # one kind of product for everything: the rest still stands
        stage.say(f"left out: {error}")
    else:
        stage.say(f"next categories: {made.served.rounds} trees were enough")
        made.evaluated.save(stage.EVALUATED)
        made.served.save(stage.SERVED)


if __name__ == "__main__":
    stage.run(main)
