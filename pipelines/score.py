"""Stage `score`: the champion on the score date; score cards and the sales forecast out."""

import pandas as pd

from features.category_history import read_categories
from features.usability.feed import refuse_dead_feed
from models.artifacts import read_json, write_json
from models.cards import score_cards, with_next_categories
from models.forecast import Past, forecast
from models.next_categories import NextCategoriesModel
from models.relationship import with_relationship
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_served, read_snapshots, read_timeline


def main() -> None:
    """Score every eligible customer.

    Raises DataGateError when a feed has died: the last release stays.
    """
    refuse_dead_feed(read_json(stage.USABILITY))
    snapshots, timeline = read_snapshots(), read_timeline()
    snapshot = snapshots[snapshots["split"] == "score"].reset_index(drop=True)
    purchases = pd.read_parquet(stage.PURCHASES)
    cards = score_cards(
        snapshot,
        purchases,
        read_served(stage.SCORING),
        timeline,
        load_params().model,
    )
    cards = with_relationship(cards, snapshots, timeline)
    categories = read_categories(stage.CATEGORIES)
    model = NextCategoriesModel.load(stage.SCORING)  # its manifest was checked by read_served
    if categories is not None and model is not None:
        cards = with_next_categories(cards, snapshot, categories.history, model)
    stage.write_parquet(cards, stage.SCORES)
    evaluation = read_json(stage.CHAMPION / "reports" / "evaluation.json")
    backtest = evaluation.get("forecast", [])  # a champion may be older than forecasts
    told = forecast(Past(snapshots, purchases, timeline), cards, backtest)
    write_json(stage.FORECAST, told)
    stage.say(f"{(cards['status'] == 'scored').sum():,} customers scored, {len(cards):,} cards")


if __name__ == "__main__":
    stage.run(main)
