"""The golden set: customers of the last run scored live, beside the cards that the run made.

Everybody of the release, or GOLDEN of them, is scored from the release's own histories. What a live
card leaves to the release (comparisons with everybody else, the plan) is left out.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import EnvironmentProblem
from core.files import HISTORIES
from features.timeline import date_of
from serving.cards.stored import Card, fitted
from serving.live.anew import OF_THE_RELEASE
from serving.live.news import with_news
from serving.live.scoring import LiveScorer
from serving.store.shapes import as_in_json, shape_of

GOLDEN, AT_ONCE = 10_000, 500
LEFT_OUT = {*OF_THE_RELEASE, "risk_rank", "risk_change", "customer_id"}
EXACT = 1e-9


def golden(release: Path) -> list[dict[str, Any]]:
    """One row for each figure: {figure, compared, different, largest_difference}.

    `different` counts cards in which the figure is another one by more than EXACT, or another word.
    Raises EnvironmentProblem for a release without histories.
    """
    if not (release / HISTORIES).exists():
        raise EnvironmentProblem(f"{release} has no histories: run `make run` with this code.")
    scorer = LiveScorer(release, "golden")
    published = _published(release)
    different: Counter[str] = Counter()
    compared: Counter[str] = Counter()
    largest: dict[str, float] = {}
    for customers, tables in _histories(release, sorted(published)[:GOLDEN], scorer):
        made = scorer.score_tables(customers, tables, date_of(scorer.timeline.data_until))
        for who in customers:
            ours = _figures(made[who][0]) if who in made else {}
            for name, expected in _figures(published[who]).items():
                compared[name] += 1
                apart = _apart(ours.get(name), expected)
                largest[name] = max(largest.get(name, 0.0), apart)
                different[name] += apart > EXACT
    return [
        {
            "figure": name,
            "compared": compared[name],
            "different": different[name],
            "largest_difference": largest[name],
        }
        for name in sorted(compared)
    ]


def _published(release: Path) -> dict[str, Card]:
    rows = pq.read_table(release / "cards.parquet").to_pylist()
    return {
        row["customer_id"]: fitted(shape_of(as_in_json(row), {"release_id": "golden"}))
        for row in rows
    }


def _histories(
    release: Path, customers: list[str], scorer: LiveScorer
) -> Iterator[tuple[list[str], dict[str, pa.Table]]]:
    tables = {file.stem: pq.read_table(file) for file in (release / HISTORIES).glob("*.parquet")}
    until = date_of(scorer.timeline.data_until)
    for start in range(0, len(customers), AT_ONCE):
        some = customers[start : start + AT_ONCE]
        ids = pa.array(some, pa.string())
        theirs = {n: t.filter(pc.is_in(t["customer_id"], ids)) for n, t in tables.items()}
        yield some, with_news(theirs, [], until, scorer.schemas)


def _figures(card: Card) -> dict[str, Any]:
    """The figures of a card by name, those within its parts too; reasons place by place."""
    flat: dict[str, Any] = {}
    for name, value in card.items():
        if name not in LEFT_OUT:
            flat |= dict(_within(name, value))
    return flat


def _within(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for inner, part in value.items():
            yield from _within(f"{name}.{inner}", part)
    elif isinstance(value, list):
        yield f"{name} (how many)", len(value)
        for part in value:
            yield from _within(name, part) if isinstance(part, dict) else [(name, part)]
    else:
        yield name, value


def _apart(ours: Any, expected: Any) -> float:
    """How far two values are apart: numbers by their difference, anything else 0 or infinite."""
    if isinstance(ours, int | float) and isinstance(expected, int | float):
        return abs(float(ours) - float(expected))
    return 0.0 if ours == expected else float("inf")
