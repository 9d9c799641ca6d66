"""Events of the company's own kinds: counts, silence, trend and values, under the kind's name.

Kinds that families/engagement.py and families/campaigns.py know have features of their own there.
Any other kind (`support_chat`, `просмотр`, `weekly_usage`) gives the same few features, named
`event_<kind>_<statistic>`. Which kinds there are depends on the data: `own_kinds` looks.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from features.engines.duckdb import Engine
from features.families.definition import Feature
from features.history.kinds import change, count, days_since
from features.params import EVENT
from features.timeline import within
from sources.meanings.vocabulary import VOCABULARY

KNOWN = frozenset(VOCABULARY["events", "kind"])
MAX_KINDS = 20  # kinds with features, the most frequent ones
MIN_CUSTOMERS = 10  # who had an event of the kind: of fewer nothing can be learned


@dataclass(frozen=True)
class Statistic:
    """One of the features that every kind has; `build` takes the events, the kind and a window.

    `reach` is how many windows back it looks; statistics of values need the column `value`.
    """

    unit: str
    description: str
    build: Callable[[ir.Table, tuple[str], int], ir.Value]
    windows: tuple[int, ...] = ()
    when_none: float | None = None
    reach: int = 1
    of_values: bool = False


def _value_sum(events: ir.Table, kinds: tuple[str], window: int) -> ir.Value:
    wanted = events.kind.isin(kinds) & within(events.ago, window)
    return events.value.sum(where=wanted).cast("float64").fill_null(0.0)


def _value_mean(events: ir.Table, kinds: tuple[str], window: int) -> ir.Value:
    wanted = events.kind.isin(kinds) & within(events.ago, window)
    return _mean(events.value.sum(where=wanted), events.valued.sum(where=wanted))


def _rise(events: ir.Table, kinds: tuple[str], window: int) -> ir.Value:
    of_kind = events.kind.isin(kinds)
    both, last = (of_kind & within(events.ago, days) for days in (2 * window, window))
    before = _mean(
        events.value.sum(where=both) - events.value.sum(where=last).fill_null(0),
        events.valued.sum(where=both) - events.valued.sum(where=last).fill_null(0),
    )
    return _value_mean(events, kinds, window) - before


def _mean(total: ir.Value, number: ir.Value) -> ir.Value:
    return total.cast("float64") / number.nullif(0).cast("float64")


STATISTICS: dict[str, Statistic] = {
    "count": Statistic(
        "times",
        'Events of the kind "{kind}" in the last {window} days.',
        count,
        (7, 30, 90),
        when_none=0,
    ),
    "days_since": Statistic(
        "days",
        'Whole days since the last event of the kind "{kind}".',
        lambda events, kinds, _: days_since(events, kinds),
    ),
    "change": Statistic(
        "log ratio",
        'Log ratio of events of the kind "{kind}" (each plus one), last {window} days against the '
        "{window} before.",
        change,
        (30,),
        when_none=0,
        reach=2,
    ),
    "sum": Statistic(
        "as in the data",
        'Sum of the values of events of the kind "{kind}" in the last {window} days.',
        _value_sum,
        (30, 90),
        when_none=0,
        of_values=True,
    ),
    "mean": Statistic(
        "as in the data",
        'Mean value of events of the kind "{kind}" in the last {window} days; unknown without one.',
        _value_mean,
        (30, 90),
        of_values=True,
    ),
    "rise": Statistic(
        "difference",
        'Mean value of events of the kind "{kind}" in the last {window} days less that of the '
        "{window} before.",
        _rise,
        (30,),
        reach=2,
        of_values=True,
    ),
}
NAME = re.compile(
    rf"{EVENT}(?P<kind>.+)_(?P<statistic>{'|'.join(STATISTICS)})(?:_(?P<window>\d+)d)?", re.DOTALL
)


@dataclass(frozen=True)
class OwnKind:
    """A kind of event that no family knows: its rows, its customers, and whether any has a value.

    `why_not` says why it gives no features: `rare` or `beyond_limit`; None where it does.
    """

    kind: str
    rows: int
    customers: int
    has_value: bool
    why_not: str | None = None


def own_kinds(engine: Engine) -> tuple[OwnKind, ...]:
    """Every kind of the table `events` that no family knows, the most frequent first."""
    if "events" not in engine.schemas:
        return ()
    events = ibis.table(engine.schemas["events"], name="events")
    events = events.filter(events.kind.notin(sorted(KNOWN)))
    values = events.value.count() if "value" in events.columns else ibis.literal(0)
    found = engine.frame(
        events.group_by("kind").aggregate(
            rows=events.count(), customers=events.customer_id.nunique(), values=values
        )
    ).sort_values(["rows", "kind"], ascending=[False, True])
    kinds, used = [], 0
    for kind, rows, customers, values in found.itertuples(index=False, name=None):
        why_not = "rare" if customers < MIN_CUSTOMERS else None
        if why_not is None:
            used += 1
            why_not = "beyond_limit" if used > MAX_KINDS else None
        kinds.append(OwnKind(str(kind), int(rows), int(customers), bool(values), why_not))
    return tuple(kinds)


def event_features(kinds: Sequence[OwnKind]) -> tuple[Feature, ...]:
    """The features of the kinds that have any; those of values only where a kind has values."""
    return tuple(
        _feature(one.kind, name, statistic, window)
        for one in kinds
        if one.why_not is None
        for name, statistic in STATISTICS.items()
        if one.has_value or not statistic.of_values
        for window in statistic.windows or (None,)
    )


def _feature(kind: str, name: str, statistic: Statistic, window: int | None) -> Feature:
    def build(events: ir.Table) -> ir.Value:
        return statistic.build(events, (kind,), window or 0)

    return Feature(
        name=f"{EVENT}{kind}_{name}" + ("" if window is None else f"_{window}d"),
        family="own_events",
        base="events",
        group="events",
        unit=statistic.unit,
        description=statistic.description.format(kind=kind, window=window),
        needs=("value",) if statistic.of_values else (),
        when_none=statistic.when_none,
        history_days=None if window is None else window * statistic.reach,
        build=build,
    )


@dataclass(frozen=True)
class Named:
    """What the name of such a feature says; `window` is in days, None for all history."""

    kind: str
    statistic: str
    window: int | None

    @property
    def unit(self) -> str:
        """The unit of the feature."""
        return STATISTICS[self.statistic].unit


def parse(name: str) -> Named | None:
    """The kind, statistic and window in a feature's name; None for a feature of no own kind.

    The kind may be called anything: the statistic is what the name ends with, and no statistic
    ends with another.
    """
    match = NAME.fullmatch(name)
    if match is None:
        return None
    window = match["window"]
    return Named(match["kind"], match["statistic"], None if window is None else int(window))
