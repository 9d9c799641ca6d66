"""Stage `score`: the champion on the score date; score cards and the sales forecast out."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from core.digits import as_told
from core.files import check_manifest, read_json, version, write_json
from core.parts import Spilled, write_parts
from features.planning.timeplan import Timeline
from features.usability.feed import refuse_dead_feed
from models.bundle import Bundle
from models.cards import ranked, scored
from models.cards.beside import beside_others, with_words, words_as_numbers
from models.cards.category_risks import with_category_risks
from models.cards.scored import with_next_categories
from models.cards.whole import nobody
from models.churn.reasons import Explainer
from models.customers.relationship import compared_with
from models.next_purchase.category_risk import CategoryRiskModel
from models.next_purchase.what import NextCategoriesModel
from models.params import ModelParams
from models.simple.silence_rule import Rule
from models.training.ladder import Rung
from models.value.forecast import AMOUNTS, forecast
from models.value.past import PAST_COLUMNS, Past
from models.words import LISTED
from pipelines import stage
from pipelines.everybody import (
    read_earlier,
    read_everybody,
    read_popularity,
    read_segments,
)
from pipelines.params import load_params
from pipelines.reading import (
    customer_parts,
    history_of,
    purchases_of,
    read_purchases,
    read_sample,
    read_snapshot,
    read_snapshots,
    read_timeline,
    scored_customers,
)
from pipelines.served import read_served

Models = tuple[Bundle, Explainer, str]
COMPARED = ("churn_risk", "value_at_risk")  # told of everybody, to be ranked by
FORECAST_COLUMNS = tuple(name for both in AMOUNTS.values() for name in both)


def main() -> None:
    """Score every eligible customer, by models or, below the data gates, by the rule.

    Raises DataGateError when a feed has died or nobody can be scored: the last release stays.
    """
    refuse_dead_feed(read_json(stage.USABILITY))
    manifest = check_manifest(stage.CHAMPION_MODELS)
    rule = Rule.load(stage.CHAMPION_MODELS)
    timeline = read_timeline().with_values_of(manifest["task"])
    listed = scored_customers(timeline)
    if not listed:
        raise nobody(timeline)
    rung = Rung.load(stage.CHAMPION_MODELS).number
    if rule is None:
        cards, forecast_report = _by_models(timeline, rung)
    else:
        told = ranked.by_rule(read_everybody(timeline.score), rule, timeline)
        listed = int(told["status"].isin([*LISTED]).sum())
        parts = _by_rule(told, version(manifest), timeline)
        cards = write_parts((part.assign(rung=rung) for part in parts), stage.SCORES)
        forecast_report = {}  # a rule predicts no number of orders
    write_json(stage.FORECAST, as_told(forecast_report))
    how = "scored" if rule is None else "ranked by rule"
    stage.say(f"{listed:,} customers {how}, {cards:,} cards")


def _by_rule(told: pd.DataFrame, model_version: str, timeline: Timeline) -> Iterator[pd.DataFrame]:
    """The cards of one part of the customers after another."""
    for customers in customer_parts(timeline.score):
        theirs = customers.of(told)
        yield ranked.cards_of(theirs, purchases_of(customers), model_version, timeline)


def _by_models(timeline: Timeline, rung: int) -> tuple[int, dict[str, Any]]:
    """Write the score cards; their number, and the sales forecast that sums them up.

    Part by part twice: what the models say of each customer, then, when all are known, the ranks
    and the reasons of those who are explained.
    """
    params = load_params().model
    served = read_served(stage.CHAMPION_MODELS)
    beside = _beside(served[0], timeline)
    stage.DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=stage.DATA, prefix=".told-") as folder:
        told = Spilled(Path(folder))
        compared, expected = [], []
        for part, forecast_of in _told(served, timeline, params):
            told.add(part)
            compared.append(part[[name for name in COMPARED if name in part]])
            expected.append(forecast_of)
        names = [name for name in ("customer_id", "lifecycle_stage") if name in beside]
        together = beside[names].join(pd.concat(compared, ignore_index=True))
        beside = beside.join(scored.ranks(together, params.reasons_share))
        del compared, together
        parts = _cards(told, beside, served, timeline)
        cards = write_parts((part.assign(rung=rung) for part in parts), stage.SCORES)
    if not served[0].knows_purchases:  # a ready table has no sales to sum up
        return cards, {}
    del beside
    return cards, _forecast(pd.concat(expected, ignore_index=True), timeline)


def _beside(bundle: Bundle, timeline: Timeline) -> pd.DataFrame:
    """Everybody's customer_id and what they are beside all others: of a ready table the id."""
    if not bundle.knows_purchases:
        return read_snapshot(timeline.score, columns=["customer_id"])
    everybody, since = read_everybody(timeline.score), compared_with(timeline)
    earlier = everybody.head(0) if since is None else read_earlier(since)
    beside = words_as_numbers(beside_others(everybody, earlier, timeline))
    beside.insert(0, "customer_id", everybody["customer_id"])
    return beside


def _told(
    served: Models, timeline: Timeline, params: ModelParams
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """What the models say of the customers of each part; and what the forecast sums up of it."""
    bundle = served[0]
    # their manifest was checked by read_served
    what = NextCategoriesModel.load(stage.CHAMPION_MODELS)
    leaves = CategoryRiskModel.load(stage.CHAMPION_MODELS)
    popular = read_popularity(timeline.score) if what or leaves else None
    for customers in customer_parts(timeline.score):
        snapshot = read_snapshot(timeline.score, customers)
        told = scored.tell(snapshot, served, timeline, params.bands)
        if popular is not None:
            categories = popular["category"].cat.categories
            theirs = history_of(customers, timeline.score, categories)
            if what is not None:
                told = with_next_categories(told, snapshot, theirs, what, popular)
            if leaves is not None:
                told = with_category_risks(told, snapshot, theirs, leaves, popular)
        expected = told
        if bundle.knows_purchases and timeline.extrapolated_from is not None:
            # the forecast ends where what was learned ends
            expected = bundle.value.learned().predict(snapshot, told["churn_risk"].to_numpy())
        yield told, expected[[name for name in FORECAST_COLUMNS if name in expected]]


def _cards(
    told: Spilled, beside: pd.DataFrame, served: Models, timeline: Timeline
) -> Iterator[pd.DataFrame]:
    """The cards of one part of the customers after another."""
    for customers, part in zip(customer_parts(timeline.score), told, strict=True):
        snapshot = read_snapshot(timeline.score, customers)
        theirs = with_words(customers.of(beside).drop(columns="customer_id"))
        yield scored.cards_of(part, theirs, snapshot, purchases_of(customers), served, timeline)


def _forecast(expected: pd.DataFrame, timeline: Timeline) -> dict[str, Any]:
    """The sales forecast: sums over everybody, spread over the months as a sample shows."""
    evaluation = read_json(stage.CHAMPION_EVALUATION)
    backtest = evaluation.get("forecast", [])  # a champion may be older than forecasts
    sample = read_sample(load_params().model)
    past = Past(
        read_snapshots(sample, PAST_COLUMNS),
        read_purchases(sample),
        timeline,
        pd.read_parquet(stage.KNOWN_DAYS),
    )
    purchases = (purchases_of(customers) for customers in customer_parts(timeline.score))
    return forecast(past, read_segments(timeline.score), expected, backtest, purchases)


if __name__ == "__main__":
    stage.run(main)
