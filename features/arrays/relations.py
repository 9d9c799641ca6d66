"""Expressions as calls on NumPy arrays: put together once, run in milliseconds on a few rows.

Of a few rows a database takes most of its time to start each of hundreds of operators. Here an
expression is a list of calls on columns, without equal ones and without those that nothing reads.
It knows the operations that our own definitions use, and has DuckDB's results for them to the last
bit. What it does not know it refuses: DuckDB is there for that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir

from features.arrays import grouping
from features.arrays.operations import Kind, Slot, UnknownOperationError, kind_of
from features.arrays.values import Rows, Scope

Input = tuple[str, str | None]  # a table and one of its columns, or None for its number of rows


@dataclass
class Arrays:
    """The calls of expressions over tables.

    `views` are the tables that are expressions themselves, by name; any other is given at each run.
    """

    views: Mapping[str, ir.Table]
    calls: list[tuple[Slot, Callable[..., Any], tuple[Slot, ...]]] = field(default_factory=list)
    constants: dict[Slot, Any] = field(default_factory=dict)
    inputs: dict[Input, tuple[Slot, Kind | None]] = field(default_factory=dict)
    _known: dict[Any, Slot] = field(default_factory=dict)
    _rows: dict[Any, Rows] = field(default_factory=dict)

    def add(self, function: Callable[..., Any], *slots: Slot, fixed: tuple[Any, ...] = ()) -> Slot:
        """The slot of `function(*fixed, *values of the slots)`."""
        key = (function, fixed, slots)
        if key not in self._known:
            self._known[key] = len(self._known)
            self.calls.append((self._known[key], partial(function, *fixed), slots))
        return self._known[key]

    def constant(self, value: Any) -> Slot:
        """The slot of a value."""
        key = (type(value[0]), value)  # 1, 1.0 and True are equal
        if key not in self._known:
            self.constants[self._known.setdefault(key, len(self._known))] = value
        return self._known[key]

    @property
    def slots(self) -> int:
        """How many there are."""
        return len(self._known)

    def rows(self, node: Any) -> Rows:
        """A relation. Raises UnknownOperationError."""
        found = self._rows.get(node)
        if found is None:
            found = self._rows[node] = self._made(node)
        return found

    def _made(self, node: Any) -> Rows:
        if isinstance(node, ops.UnboundTable):
            return self._table(node)
        if isinstance(node, ops.Project):
            return self._projected(node)
        if isinstance(node, ops.Filter):
            scope = self._scope(node.parent)
            places = self.add(
                grouping.holding, scope.size, *(scope.value(one) for one in node.predicates)
            )
            return self._at(self.rows(node.parent), places)
        if isinstance(node, ops.Sort):
            return self._at(self.rows(node.parent), self._scope(node.parent).ordered(node.keys))
        if isinstance(node, ops.Aggregate):
            return self._aggregated(node)
        if isinstance(node, ops.Distinct):
            parent = self.rows(node.parent)
            keys = [parent.column(name) for name in node.schema.names]
            return self._firsts(parent, self.add(grouping.group, parent.size, *keys))
        if isinstance(node, (ops.DropColumns, ops.JoinReference)):
            return self.rows(node.parent)
        if isinstance(node, ops.JoinChain):
            return self._joined(node)
        raise UnknownOperationError(f"the operation {type(node).__name__}")

    def _table(self, node: ops.UnboundTable) -> Rows:
        if node.name in self.views:
            return self.rows(self.views[node.name].op())

        def column(name: str) -> Slot:
            return self._input((node.name, name), kind_of(node.schema[name]))

        return Rows(self._input((node.name, None), None), column)

    def _input(self, key: Input, kind: Kind | None) -> Slot:
        if key not in self.inputs:
            self.inputs[key] = (self._known.setdefault(key, len(self._known)), kind)
        return self.inputs[key][0]

    def _scope(self, parent: Any, groups: Slot | None = None) -> Scope:
        rows = self.rows(parent)
        return Scope(self, {parent: rows}, rows.size, groups)

    def _projected(self, node: ops.Project) -> Rows:
        scope = self._scope(node.parent)
        return Rows(scope.size, lambda name: scope.value(node.values[name]))

    def _at(self, rows: Rows, places: Slot) -> Rows:
        size = self.add(grouping.number_of, rows.size, places)
        return Rows(size, lambda name: self.add(grouping.take, rows.column(name), places))

    def _aggregated(self, node: ops.Aggregate) -> Rows:
        if not node.groups:
            raise UnknownOperationError("an aggregate of all rows")
        rows, keys = self._scope(node.parent), node.groups
        slots = {name: rows.value(key) for name, key in keys.items()}
        groups = self.add(grouping.group, rows.size, *slots.values())
        grouped = self._scope(node.parent, groups)
        firsts = self._firsts(Rows(rows.size, slots.__getitem__), groups)
        return Rows(
            firsts.size,
            lambda name: firsts.column(name) if name in keys else grouped.value(node.metrics[name]),
        )

    def _firsts(self, rows: Rows, groups: Slot) -> Rows:
        size = self.add(grouping.count_of, groups)
        return Rows(size, lambda name: self.add(grouping.first_of, groups, rows.column(name)))

    def _joined(self, node: ops.JoinChain) -> Rows:
        """Each table's rows, found by one chain of places: columns are taken once, at the end."""
        there = {node.first: self.rows(node.first)}
        found: dict[Any, Slot | None] = {node.first: None}
        size = there[node.first].size
        for link in node.rest:
            there[link.table] = other = self.rows(link.table)
            left = Scope(self, {one: self._found(there[one], found[one]) for one in found}, size)
            right = Scope(self, {link.table: other}, other.size)
            keys = [self._key(one, left, right) for one in link.predicates]
            slots = (*(one for one, _ in keys), *(another for _, another in keys))
            fixed: tuple[Any, ...] = (link.how in ("semi", "inner"), len(keys))
            if link.how == "cross" and not keys:
                found[link.table] = self.add(grouping.only_row, size, other.size)
                continue
            if link.how in ("semi", "anti") and keys:
                places = self.add(grouping.alike, size, other.size, *slots, fixed=fixed)
                match = None
            elif link.how in ("inner", "left") and keys:
                both = self.add(grouping.matched, size, other.size, *slots, fixed=fixed)
                places, match = (self.add(grouping.part, both, fixed=(n,)) for n in (0, 1))
            else:
                raise UnknownOperationError(f"a join of kind {link.how}, or without keys")
            size = self.add(grouping.number_of, size, places)
            for one, before in found.items():
                found[one] = self.add(grouping.then, self._all(before), places)
            if match is not None:
                found[link.table] = match
        tables = {one: self._found(there[one], match) for one, match in found.items()}
        scope = Scope(self, tables, size)
        return Rows(size, lambda name: scope.value(node.values[name]))

    def _all(self, match: Slot | None) -> Slot:
        return self.constant((None, None)) if match is None else match

    def _found(self, rows: Rows, match: Slot | None) -> Rows:
        if match is None:
            return rows
        return Rows(
            rows.size, lambda name: self.add(grouping.take_matched, match, rows.column(name))
        )

    def _key(self, predicate: Any, left: Scope, right: Scope) -> tuple[Slot, Slot]:
        if not isinstance(predicate, ops.Equals):
            raise UnknownOperationError("a join that is not by equal keys")
        one, other = predicate.left, predicate.right
        if any(isinstance(kind_of(side.dtype), int) for side in (one, other)):
            raise UnknownOperationError("a join by decimals")
        return left.value(one), right.value(other)
