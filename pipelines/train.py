"""Stage `train`: snapshots in; evaluated and served models out, with their baselines."""

from features.category_history import read_categories
from features.snapshot import group_of, model_features
from models.artifacts import write_json, write_manifest
from models.promotion import facts
from models.search import FILE as SEARCH
from models.training import PAST, train_all
from models.training_categories import train_categories
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_snapshots, read_timeline
from sources.errors import DataGateError


def main() -> None:
    """Fit everything and write it as text and JSON, each folder with a manifest."""
    params = load_params()
    snapshots, timeline = read_snapshots(), read_timeline()
    features = model_features(snapshots, params.model.excluded_attributes)
    trained = train_all(snapshots, timeline, features, group_of(features), params.model, stage.say)
    trained.evaluated.save(stage.EVALUATED)
    write_json(stage.EVALUATED / SEARCH, trained.search.to_dict())
    trained.baselines.save(stage.EVALUATED)
    trained.past.save(stage.EVALUATED / PAST)
    trained.past_baselines.save(stage.EVALUATED / PAST)
    trained.served.save(stage.SERVED)
    trained.explainer.save(stage.SERVED)
    categories = read_categories(stage.CATEGORIES)
    if categories is not None:
        try:
            made = train_categories(snapshots, categories, timeline, features, params.model)
        except DataGateError as error:  # one kind of product for everything: the rest still stands
            stage.say(f"left out: {error}")
        else:
            stage.say(f"next categories: {made.served.rounds} trees were enough")
            made.evaluated.save(stage.EVALUATED)
            made.served.save(stage.SERVED)
    write_manifest(stage.EVALUATED, **facts(timeline, timeline.test[0]))
    write_manifest(stage.SERVED, **facts(timeline, timeline.data_until))


if __name__ == "__main__":
    stage.run(main)
