"""Checks the features of the company's own code on a made-up company, promise by promise.

The company is the one of our own tests (company.py): rows of every table, most of them on the edge
of a window, many around the as-of midnight or known late. Kinds of events that the company's real
data has are among them, so that a feature of such a kind has something to count.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from features.checking.company import KINDS, Company, company, frames_of, past_of
from features.checking.outcome import Outcome, OwnCodeFailedError, tried
from features.checking.world import (
    AS_OF,
    ATTRIBUTES,
    LONG,
    arrow,
    day,
    on_duckdb,
    snapshot_of,
    timeline_at,
)
from features.engines.duckdb import Engine
from features.families.definition import Feature
from features.live import LiveFeatures
from features.planning.timeplan import Timeline
from features.snapshot import all_features, program, supported

CUSTOMERS, SEED = 120, 7
AHEAD = 0.4  # share of the times that lie around the as-of midnight or after it
ACTIVE_DAYS = 400
ALONE = 5  # customers who are also scored one by one
OTHER_DATES = (-200, -1, 1, 30)  # days from the as-of date: other dates of the same run
LABEL = ("churned", "outcome_known", "followup_days")

WRITTEN = "is named and described"
AVAILABLE = "has the columns it needs"
ONE_EACH = "gives one value a customer"
REPEATS = "gives the same again, whatever the order of the rows"
BLIND = "does not see what happens, or becomes known, from the as-of date on"
LIVE = "is the same in live scoring, for one customer and for many"
ON_SPARK = "is the same on Spark"
VARIES = "differs between customers"

StartSpark = Callable[[Mapping[str, Any]], Engine]


@dataclass(frozen=True)
class Trial:
    """The made-up company, whole and as it stood at the as-of date."""

    kinds: tuple[str, ...] = ()

    @cached_property
    def drawn(self) -> Company:
        """Rows of every table."""
        return company(random.Random(SEED), CUSTOMERS, AHEAD, (*KINDS, *self.kinds * 2))

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """All rows, as tables."""
        return frames_of(self.drawn)

    @cached_property
    def stood(self) -> dict[str, pd.DataFrame]:
        """Only what had happened and was known at the as-of date."""
        return frames_of(past_of(self.drawn, AS_OF))

    @cached_property
    def shuffled(self) -> dict[str, pd.DataFrame]:
        """All rows in another order."""
        return {
            name: table.sample(frac=1, random_state=SEED) for name, table in self.frames.items()
        }

    def values(self, feature: Feature, engine: Engine, timeline: Timeline) -> pd.DataFrame:
        """customer_id and the feature, one row for each that the engine gives."""
        made = program(engine.schemas, [feature], outcomes=False)
        others = tuple(day(AS_OF) + days for days in OTHER_DATES)
        found = snapshot_of(engine, made, timeline, others)
        return found[["customer_id", feature.name]]


def check_features(
    features: Sequence[Feature],
    kinds: Sequence[str] = (),
    spark: StartSpark | None = None,
) -> Iterator[Outcome]:
    """Every promise of every feature; `kinds` are those of the company's own events.

    `spark` makes an engine of Arrow tables; None where Spark is not installed.
    """
    trial = Trial(tuple(kinds))
    taken = {feature.name for feature in all_features()}
    for feature in features:
        yield _written(feature, taken)
        outcome = _available(feature, trial)
        yield outcome
        if outcome.passed:
            yield from _computed(feature, trial, spark)


def _written(feature: Feature, taken: set[str]) -> Outcome:
    problem = ""
    if feature.name in taken:
        problem = "one of our features has this name"
    elif len(feature.description) < len("a word."):
        problem = "the first line of its docstring says too little"
    elif not feature.unit:
        problem = "it has no unit"
    said = "; ".join(f"{language}: {text}" for language, text in feature.label.items())
    return Outcome(feature.name, WRITTEN, not problem, problem or said)


def _available(feature: Feature, trial: Trial) -> Outcome:
    schemas = on_duckdb(trial.frames).schemas
    kept, absent = supported(schemas, LONG, ATTRIBUTES, [feature])
    is_there = feature.name in {one.name for one in kept}
    return Outcome(feature.name, AVAILABLE, is_there, absent.get(feature.name, ""))


def _computed(feature: Feature, trial: Trial, spark: StartSpark | None) -> Iterator[Outcome]:
    name, late = (
        feature.name,
        timeline_at(active_within_days=ACTIVE_DAYS, data_until=day(AS_OF) + 90),
    )
    try:
        first = tried(lambda: trial.values(feature, on_duckdb(trial.frames), late))
    except OwnCodeFailedError as error:
        yield Outcome(name, ONE_EACH, False, str(error))
        return
    yield _one_each(feature, first)
    took: list[float] = []
    promises: dict[str, Callable[[], pd.DataFrame]] = {
        REPEATS: lambda: trial.values(feature, on_duckdb(trial.shuffled, threads=2), late),
        BLIND: lambda: trial.values(
            feature, on_duckdb(trial.stood), timeline_at(active_within_days=ACTIVE_DAYS)
        ),
        LIVE: lambda: _live(feature, trial, first, took),
    }
    if spark is not None:
        tables = {table: arrow(rows) for table, rows in trial.frames.items()}
        promises[ON_SPARK] = lambda: trial.values(feature, spark(tables), late)
    for promise, run in promises.items():
        try:
            other = tried(run)
        except OwnCodeFailedError as error:
            yield Outcome(name, promise, False, str(error))
        else:
            found = difference(first, other, exact=promise != ON_SPARK)
            kept = f"{took[0] * 1000:.0f} ms for one" if promise == LIVE and took else ""
            yield Outcome(name, promise, not found, found or kept)
    if spark is None:
        yield Outcome(name, ON_SPARK, None, "Spark is not installed: `make spark-setup`")
    values = first[name].nunique()
    told = "" if values > 1 else "the same for all of the made-up company: nothing to learn from it"
    yield Outcome(name, VARIES, True if values > 1 else None, told)


def _one_each(feature: Feature, found: pd.DataFrame) -> Outcome:
    twice = found["customer_id"].duplicated()
    if twice.any():
        who = found["customer_id"][twice].iloc[0]
        says = f"{int(twice.sum()) + 1:,} rows where one is wanted, first of customer {who}"
        return Outcome(feature.name, ONE_EACH, False, says)
    if not feature.is_text:
        endless = np.isinf(found[feature.name].to_numpy(np.float64, na_value=np.nan))
        if endless.any():
            who = found["customer_id"][endless].iloc[0]
            says = (
                f"infinite for {int(endless.sum()):,} customers, first {who}: divide by nullif(0)"
            )
            return Outcome(feature.name, ONE_EACH, False, says)
    known = found[feature.name].notna().mean()
    says = f"{len(found):,} customers, {known:.0%} known"
    return Outcome(feature.name, ONE_EACH, True, says)


def _live(feature: Feature, trial: Trial, batch: pd.DataFrame, took: list[float]) -> pd.DataFrame:
    """The live values of everybody, with those of a few customers who were asked for alone.

    `took` gets the median seconds of one of these.
    """
    schemas = on_duckdb(trial.frames).schemas
    timeline = timeline_at(active_within_days=ACTIVE_DAYS)
    live = LiveFeatures(schemas, [feature], timeline)

    seconds: list[float] = []

    def of(customers: Sequence[str]) -> pd.DataFrame:
        rows = {
            name: arrow(table[table["customer_id"].isin(customers)])
            for name, table in trial.frames.items()
        }
        began = time.perf_counter()
        found = live.snapshot(rows, day(AS_OF))[["customer_id", feature.name]]
        seconds.append(time.perf_counter() - began)
        return found

    everybody = list(batch["customer_id"])
    alone = [of([customer]) for customer in everybody[:ALONE]]
    took += [statistics.median(seconds)] if seconds else []
    rest = of(everybody)
    return pd.concat([*alone, rest[~rest["customer_id"].isin(everybody[:ALONE])]])


def difference(ours: pd.DataFrame, theirs: pd.DataFrame, exact: bool = True) -> str:
    """How two tables of customer_id and one value differ, in words; "" where they do not.

    Not `exact`: numbers may differ by 1e-9 of themselves, as sums on two engines do.
    """
    name = str(ours.columns[1])
    one, other = (table.set_index("customer_id")[name].sort_index() for table in (ours, theirs))
    if list(one.index) != list(other.index):
        return f"{len(one):,} customers against {len(other):,}"
    same = (one == other) | (one.isna() & other.isna())
    if not exact and one.dtype.kind == "f":
        same |= np.isclose(one, other, rtol=1e-9, atol=1e-12)
    if same.all():
        return ""
    who = same.index[~same][0]
    return (
        f"differs for {int((~same).sum()):,} of {len(same):,} customers, first {who}: "
        f"{one[who]} against {other[who]}"
    )
