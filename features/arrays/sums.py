"""Aggregates of columns by group in NumPy, each with the result that DuckDB has for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.arrays.columns import (
    Column,
    Empty,
    UnusualError,
    Values,
    filled,
    full,
    is_array,
    some,
)
from features.arrays.grouping import Groups

ALWAYS: Column = (True, None)


@dataclass(frozen=True)
class Used:
    """The rows that count, group by group: `there` says which (None: all of them).

    `without` are the groups in which none does.
    """

    groups: Groups
    there: Empty
    without: Empty


def used(groups: Groups, where: Column) -> Used:
    """The rows for which a condition holds."""
    condition = filled(*where, False)
    if condition is True:
        return Used(groups, None, None)
    if not is_array(condition):
        condition = np.full(groups.rows, condition)
    return _used(groups, condition if groups.order is None else condition[groups.order])


def _used(groups: Groups, there: Empty) -> Used:
    if not groups.count or there.all():
        return Used(groups, None, None)
    return Used(groups, there, some(~np.logical_or.reduceat(there, groups.starts)))


def _given(rows: Used, one: Column) -> tuple[Values, Used]:
    """The values group by group, and which of them count: those that are not empty."""
    groups, (values, empty) = rows.groups, one
    if not is_array(values) or is_array(empty) < (empty is not None):
        values, empty = full(groups.rows, one)
    if groups.order is not None:
        values = values[groups.order]
    if empty is None:
        return values, rows
    there = ~(empty if groups.order is None else empty[groups.order])
    return values, _used(groups, there if rows.there is None else there & rows.there)


def total(is_object: bool, rows: Used, one: Column) -> Column:
    """The sum; empty where there is nothing to add up. Floats have to be whole numbers."""
    values, rows = _given(rows, one)
    kind = object if is_object else np.int64
    if not rows.groups.count:
        return np.empty(0, kind), None
    is_float = values.dtype.kind == "f"
    if is_float:
        values = _whole(values, rows)
    if rows.there is not None:
        values = np.where(rows.there, values, 0)
    sums = np.add.reduceat(values, rows.groups.starts, dtype=kind)
    return sums.astype(np.float64) if is_float else sums, rows.without


def count(rows: Used, one: Column) -> Column:
    """How many rows are not empty."""
    _, rows = _given(rows, one)
    groups = rows.groups
    if rows.there is None:
        return np.diff(groups.starts, append=groups.rows), None
    return np.add.reduceat(rows.there, groups.starts, dtype=np.int64), None


def extreme(is_greatest: bool, rows: Used, one: Column) -> Column:
    """The greatest or the least."""
    values, rows = _given(rows, one)
    kind = values.dtype.kind
    if kind == "O":
        return _by_group(values, rows, max if is_greatest else min, object)
    if not rows.groups.count:
        return values, None
    if rows.there is not None:
        values = np.where(rows.there, values, _beyond(values.dtype, is_greatest))
    choose = np.maximum if is_greatest else np.minimum
    return choose.reduceat(values, rows.groups.starts), rows.without


def _beyond(dtype: Any, is_greatest: bool) -> Any:
    """What is never the greatest, or the least, where there is anything else."""
    if dtype.kind == "b":
        return not is_greatest
    if dtype.kind == "f":
        return -np.inf if is_greatest else np.inf
    return np.iinfo(dtype).min if is_greatest else np.iinfo(dtype).max


def mean(rows: Used, one: Column) -> Column:
    """The mean of whole numbers, which may be floats."""
    values, rows = _given(rows, one)
    placed = replace(rows, groups=replace(rows.groups, order=None))
    sums, empty = total(False, placed, (_whole(values, rows), None))
    counts, _ = count(placed, ALWAYS)
    return sums / counts, empty


def median(rows: Used, one: Column) -> Column:
    """The median of whole numbers; of an even number of them the middle of two."""

    def middle(values: list[Any]) -> float:
        values.sort()
        half = len(values) // 2
        return float((values[half] + values[~half]) / 2)

    values, rows = _given(rows, one)
    return _by_group(_whole(values, rows), rows, middle, np.float64)


def distinct(rows: Used, one: Column) -> Column:
    """How many different values there are."""
    values, rows = _given(rows, one)
    found, empty = _by_group(values, rows, lambda there: len(set(there)), np.int64)
    return filled(found, empty, 0), None


def _whole(values: Values, rows: Used) -> Values:
    if values.dtype.kind in "bi":
        return values
    if rows.there is not None:
        values = np.where(rows.there, values, 0)
    whole = values.astype(np.int64)
    if values.dtype.kind != "f" or np.any(whole != values):
        raise UnusualError("a sum of fractions, which depends on their order")
    return whole


def _by_group(
    values: Values, rows: Used, function: Callable[[list[Any]], Any], kind: Any
) -> Column:
    starts, there = rows.groups.starts.tolist(), rows.there
    ends = [*starts, rows.groups.rows][1:]
    found = np.zeros(len(starts), kind)
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        here = values[start:end]
        counted = (here if there is None else here[there[start:end]]).tolist()
        if counted:
            found[place] = function(counted)
    return found, rows.without
