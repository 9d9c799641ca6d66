"""Values of expressions: the slot of each, of the rows of a table or of each group of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis.expr.operations as ops

from features.arrays import columns, grouping, sums
from features.arrays.operations import (
    CONVERSIONS,
    FLOAT,
    MAKERS,
    NOTHING,
    TEXT,
    WHOLE,
    YESNO,
    Calls,
    Kind,
    Slot,
    UnknownOperationError,
    kind_of,
)


@dataclass(frozen=True)
class Rows:
    """A table: the slot of its number of rows, and what gives that of a column."""

    size: Slot
    column: Callable[[str], Slot]


@dataclass
class Scope:
    """Values that are computed from the rows of some tables; with `groups`, of each group."""

    calls: Calls
    tables: Mapping[Any, Rows]
    size: Slot
    groups: Slot | None = None
    _known: dict[ops.Node, Slot] = field(default_factory=dict)

    def value(self, node: Any) -> Slot:
        """The slot of a value. Raises UnknownOperationError."""
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = self._made(node)
        return found

    def _made(self, node: Any) -> Slot:
        if isinstance(node, ops.Field) and self.groups is None:
            return self.tables[node.rel].column(node.name)
        if isinstance(node, ops.Literal):
            return self._literal(node)
        if isinstance(node, ops.Reduction) and self.groups is not None:
            return self._reduced(node, self.groups)
        if isinstance(node, ops.WindowFunction):
            return self._over(node)
        make = MAKERS.get(type(node))
        if make is None:
            raise UnknownOperationError(f"the operation {type(node).__name__}")
        return make(self, node)

    def _literal(self, node: ops.Literal) -> Slot:
        kind, value = kind_of(node.dtype), node.value
        if value is None:
            return self.calls.constant(("" if kind == TEXT else 0, True))
        if kind not in (WHOLE, FLOAT, YESNO, TEXT):
            raise UnknownOperationError(f"a literal of {node.dtype}")
        return self.calls.constant((value, None))

    def _reduced(self, node: Any, groups: Slot) -> Slot:
        inner = Scope(self.calls, self.tables, self.size)
        always = self.calls.constant(sums.ALWAYS)
        where = always if node.where is None else inner.value(node.where)
        one = always if isinstance(node, ops.CountStar) else inner.value(node.arg)
        reduce = REDUCTIONS.get(type(node))
        if reduce is None:
            raise UnknownOperationError(f"the aggregate {type(node).__name__}")
        fixed: tuple[Any, ...] = ()
        if isinstance(node, ops.Sum):
            fixed = (isinstance(kind_of(node.arg.dtype), int),)
        elif isinstance(node, (ops.Max, ops.Any, ops.Min, ops.All)):
            fixed = (isinstance(node, (ops.Max, ops.Any)),)
        used = self.calls.add(sums.used, groups, where)
        return self.calls.add(reduce, used, one, fixed=fixed)

    def _over(self, node: ops.WindowFunction) -> Slot:
        calls, function = self.calls, node.func
        groups = calls.add(grouping.group, self.size, *map(self.value, node.group_by))
        if isinstance(function, ops.Reduction) and node.start is None and node.end is None:
            grouped = Scope(calls, self.tables, self.size, groups)
            return calls.add(grouping.spread, groups, grouped.value(function))
        places = self.ordered(node.order_by)
        order = calls.add(grouping.group_order, groups, places)
        if isinstance(function, ops.RowNumber):
            return calls.add(grouping.row_number, groups, order)
        if isinstance(function, ops.Lag) and function.default is None:
            fixed = (_rows_back(function.offset),)
            return calls.add(grouping.lag, groups, order, self.value(function.arg), fixed=fixed)
        raise UnknownOperationError(f"{type(function).__name__} over a window")

    def ordered(self, keys: Sequence[ops.SortKey]) -> Slot:
        """The slot of the places of the rows in an order."""
        if any(key.nulls_first for key in keys):
            raise UnknownOperationError("an order with what is unknown first")
        descending = tuple(bool(key.descending) for key in keys)
        slots = [self.value(key.arg) for key in keys]
        return self.calls.add(grouping.ordered, self.size, *slots, fixed=(descending,))

    def alike(self, nodes: Sequence[Any]) -> list[Slot]:
        """The slots of values that are compared or chosen from, as decimals of one scale."""
        kinds = [kind_of(node.dtype) for node in nodes]
        scales = [kind for kind in kinds if isinstance(kind, int)]
        if not scales:
            return [self.value(node) for node in nodes]
        scale: Kind = FLOAT if FLOAT in kinds else max(scales)
        return [self.as_kind(node, scale) for node in nodes]

    def as_kind(self, node: Any, kind: Kind) -> Slot:
        """The slot of a value as another kind."""
        slot, now = self.value(node), kind_of(node.dtype)
        if now in (kind, NOTHING):
            return slot
        add = self.calls.add
        if isinstance(kind, int) and now == WHOLE:
            return add(columns.finer, slot, fixed=(kind,))
        if isinstance(kind, int) and isinstance(now, int) and now < kind:
            return add(columns.finer, slot, fixed=(kind - now,))
        if isinstance(kind, int) and now == FLOAT:
            return add(columns.as_decimal, slot, fixed=(kind,))
        if isinstance(now, int) and kind == FLOAT:
            return add(columns.decimal_as_float, slot, fixed=(now,))
        convert = CONVERSIONS.get((now, kind))
        if convert is None:
            raise UnknownOperationError(f"{node.dtype} as {kind}")
        return add(convert, slot)


def _rows_back(offset: Any) -> int:
    """How many rows a lag looks back."""
    if offset is None:
        return 1
    if isinstance(offset, ops.Literal) and offset.value > 0:
        return int(offset.value)
    raise UnknownOperationError("a lag that is no number of rows")


REDUCTIONS: dict[type, Callable[..., Any]] = {
    ops.Sum: sums.total,
    ops.Count: sums.count,
    ops.CountStar: sums.count,
    ops.CountDistinct: sums.distinct,
    ops.Min: sums.extreme,
    ops.Max: sums.extreme,
    ops.All: sums.extreme,
    ops.Any: sums.extreme,
    ops.Mean: sums.mean,
    ops.Median: sums.median,
}
