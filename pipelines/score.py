"""Stage `score`: the champion on the score date; score cards and the sales forecast out."""

from typing import Any

import pandas as pd

from core.digits import as_told
from core.files import check_manifest, read_json, version, write_json
from features.history.category_history import read_history
from features.planning.timeplan import Timeline
from features.usability.feed import refuse_dead_feed
from models.cards.category_risks import with_category_risks
from models.cards.ranked import rule_cards
from models.cards.scored import score_cards, with_next_categories
from models.customers.relationship import compared_with, with_relationship
from models.next_purchase.category_risk import CategoryRiskModel
from models.next_purchase.what import NextCategoriesModel
from models.simple.silence_rule import Rule
from models.training.ladder import Rung
from models.value.forecast import forecast
from models.value.past import PAST_COLUMNS, Past
from models.words import LISTED
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import (
    read_purchases,
    read_snapshot,
    read_snapshots,
    read_timeline,
)
from pipelines.served import read_served


def main() -> None:
    """Score every eligible customer, by models or, below the data gates, by the rule.

    Raises DataGateError when a feed has died: the last release stays.
    """
    refuse_dead_feed(read_json(stage.USABILITY))
    manifest = check_manifest(stage.CHAMPION_MODELS)
    rule = Rule.load(stage.CHAMPION_MODELS)
    timeline = read_timeline().with_values_of(manifest["task"])
    if rule is None:
        cards, forecast_report = _by_models(timeline)
    else:
        snapshot, purchases = read_snapshot(timeline.score), read_purchases()
        cards = rule_cards(snapshot, purchases, rule, version(manifest), timeline)
        forecast_report = {}  # a rule predicts no number of orders
    cards["rung"] = Rung.load(stage.CHAMPION_MODELS).number
    stage.write_parquet(cards, stage.SCORES)
    write_json(stage.FORECAST, as_told(forecast_report))
    ranked = cards["status"].isin([*LISTED]).sum()
    how = "scored" if rule is None else "ranked by rule"
    stage.say(f"{ranked:,} customers {how}, {len(cards):,} cards")


def _by_models(timeline: Timeline) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The score cards, and the sales forecast that sums them up."""
    snapshot, purchases = read_snapshot(timeline.score), read_purchases()
    params = load_params().model
    served = read_served(stage.CHAMPION_MODELS)
    cards = score_cards(snapshot, purchases, served, timeline, params)
    if not served[0].knows_purchases:  # a ready table: no relationship, no sales to sum up
        return cards, {}
    since = compared_with(timeline)
    earlier = snapshot.head(0) if since is None else read_snapshot(since)
    cards = with_relationship(cards, snapshot, earlier, timeline)
    bought = read_history(stage.CATEGORIES, timeline.score)
    # their manifest was checked by read_served
    model = NextCategoriesModel.load(stage.CHAMPION_MODELS)
    risk = CategoryRiskModel.load(stage.CHAMPION_MODELS)
    if bought is not None and model is not None:
        cards = with_next_categories(cards, snapshot, bought, model)
    if bought is not None and risk is not None:
        cards = with_category_risks(cards, snapshot, bought, risk)
    evaluation = read_json(stage.CHAMPION_EVALUATION)
    backtest = evaluation.get("forecast", [])  # a champion may be older than forecasts
    expected = cards
    if timeline.extrapolated_from is not None:  # the forecast ends where what was learned ends
        bundle = served[0]
        expected = bundle.value.learned().predict(snapshot, bundle.churn.predict(snapshot))
        expected["customer_id"] = snapshot["customer_id"]
    past = Past(
        read_snapshots(columns=PAST_COLUMNS),
        purchases,
        timeline,
        pd.read_parquet(stage.KNOWN_DAYS),
    )
    return cards, forecast(past, snapshot, expected, backtest)


if __name__ == "__main__":
    stage.run(main)
