"""Stage `score`: the champion on the score date; score cards and the sales forecast out."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core.digits import as_told
from core.each import Each
from core.files import check_manifest, read_json, version, write_json
from core.parts import Spilled, write_each
from features.planning.timeplan import Timeline
from features.reading import Customers
from features.usability.feed import refuse_dead_feed
from models.bundle import Bundle
from models.cards import ranked, scored
from models.cards.beside import beside_others, words_as_numbers
from models.cards.whole import nobody
from models.customers.relationship import compared_with
from models.simple.silence_rule import Rule
from models.training.ladder import Rung
from models.value.forecast import forecast
from models.value.past import PAST_COLUMNS, Past
from models.words import LISTED
from pipelines import stage
from pipelines.everybody import read_earlier, read_everybody, read_popularity, read_segments
from pipelines.params import load_params
from pipelines.reading import (
    customer_parts,
    read_purchases,
    read_sample,
    read_snapshot,
    read_snapshots,
    read_timeline,
    scored_customers,
)
from pipelines.score_parts import (
    BoughtAYearEarlier,
    MakeCards,
    MakeRuleCards,
    Tell,
    models_of,
    with_rows_of,
)
from pipelines.workers import workers


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
    work = _Work.of(version(manifest), timeline)
    if rule is None:
        cards, forecast_report = _by_models(work, rung)
    else:
        told = ranked.by_rule(read_everybody(timeline.score), rule, timeline)
        listed = int(told["status"].isin([*LISTED]).sum())
        make = MakeRuleCards(work.version, timeline, rung)
        cards = write_each(work.each, make, with_rows_of(work.parts, told), stage.SCORES)
        forecast_report = {}  # a rule predicts no number of orders
    write_json(stage.FORECAST, as_told(forecast_report))
    how = "scored" if rule is None else "ranked by rule"
    stage.say(f"{listed:,} customers {how}, {cards:,} cards")


@dataclass(frozen=True)
class _Work:
    """The parts of the customers and who does them, with the models of a version."""

    each: Each
    parts: list[Customers]
    version: str
    timeline: Timeline

    @classmethod
    def of(cls, models: str, timeline: Timeline) -> "_Work":
        parts = customer_parts(timeline.score)
        return cls(workers(load_params().engine, len(parts)), parts, models, timeline)


def _by_models(work: _Work, rung: int) -> tuple[int, dict[str, Any]]:
    """Write the score cards; their number, and the sales forecast that sums them up.

    Part by part twice: what the models say of each customer, then, when all are known, the ranks
    and the reasons of those who are explained.
    """
    bundle, timeline, params = models_of(work.version).bundle, work.timeline, load_params().model
    beside = _beside(bundle, timeline)
    stage.DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=stage.DATA, prefix=".told-") as folder:
        kept = Spilled(Path(folder))
        popular = (
            read_popularity(timeline.score, work.each)
            if models_of(work.version).knows_categories
            else None
        )
        tell = Tell(work.version, timeline, params.bands, popular, kept)
        told = list(work.each(tell, enumerate(work.parts)))
        compared, expected = (
            pd.concat(rows, ignore_index=True) for rows in zip(*told, strict=True)
        )
        names = [name for name in ("customer_id", "lifecycle_stage") if name in beside]
        together = beside[names].join(compared)
        beside = beside.join(scored.ranks(together, params.reasons_share))
        del told, compared, together
        make = MakeCards(work.version, timeline, rung, kept)
        items = enumerate(with_rows_of(work.parts, beside))
        cards = write_each(work.each, make, items, stage.SCORES)
    if not bundle.knows_purchases:  # a ready table has no sales to sum up
        return cards, {}
    del beside
    return cards, _forecast(expected, work)


def _beside(bundle: Bundle, timeline: Timeline) -> pd.DataFrame:
    """Everybody's customer_id and what they are beside all others: of a ready table the id."""
    if not bundle.knows_purchases:
        return read_snapshot(timeline.score, columns=["customer_id"])
    everybody, since = read_everybody(timeline.score), compared_with(timeline)
    earlier = everybody.head(0) if since is None else read_earlier(since)
    beside = words_as_numbers(beside_others(everybody, earlier, timeline))
    beside.insert(0, "customer_id", everybody["customer_id"])
    return beside


def _forecast(expected: pd.DataFrame, work: _Work) -> dict[str, Any]:
    """The sales forecast: sums over everybody, spread over the months as a sample shows."""
    evaluation = read_json(stage.CHAMPION_EVALUATION)
    backtest = evaluation.get("forecast", [])  # a champion may be older than forecasts
    sample = read_sample(load_params().model)
    past = Past(
        read_snapshots(sample, PAST_COLUMNS),
        read_purchases(sample),
        work.timeline,
        pd.read_parquet(stage.KNOWN_DAYS),
    )
    earlier = work.each(BoughtAYearEarlier(work.timeline), work.parts)
    told = forecast(past, read_segments(work.timeline.score), expected, backtest, earlier)
    return told | {"backtest_of": _judged_on(evaluation)}


def _judged_on(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """The customers whose past sales a backtest sums up; None where they are all of them."""
    sample = evaluation.get("sample")  # a champion may be older than samples
    return {name: sample[name] for name in ("customers", "share")} if sample else None


if __name__ == "__main__":
    stage.run(main)
