"""Groups, joins and orders of rows in NumPy, for tables made of columns.

Rows are told as their places, an array, or None for all of them in their order: with the history of
one customer that is what most filters and joins come to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays.columns import (
    Column,
    UnusualError,
    either,
    filled,
    full,
    is_array,
    some,
)

Places = Any  # an array of int64 (n,), or None
NOWHERE = -1
SEVERAL = 1_000  # rows from which on other ways are quicker
Match = tuple[Places, Any]  # places in another table, and where there is none (None: nowhere)


@dataclass(frozen=True)
class Groups:
    """Rows in groups: `of_row` (rows,) is the number of a row's group, in order of appearance.

    `order` has the rows group by group, `starts` (groups,) the place at which each begins there.
    """

    count: int
    rows: int
    of_row: Any
    first: Any
    order: Places
    starts: Any


def group(size: int, *keys: Column) -> Groups:
    """Rows with equal keys; empty keys are equal."""
    if size >= SEVERAL:
        return _grouped(_numbered_by_pandas(size, keys))
    listed = _keys(size, keys)
    if size and listed.count(listed[0]) == size:  # as the rows of one customer are
        return Groups(1, size, np.zeros(size, np.int64), _FIRST, None, _FIRST)
    numbers: dict[Any, int] = {}
    return _grouped(np.array([numbers.setdefault(key, len(numbers)) for key in listed], np.int64))


def _numbered_by_pandas(size: int, keys: Sequence[Column]) -> Any:
    """The number of each row's group: of many rows sooner, of few later than by a dictionary."""
    numbers = np.zeros(size, np.int64)
    for key in keys:
        if not is_array(key[0]) and key[1] is None:
            continue  # the same in every row
        values, empty = full(size, key)
        found = pd.factorize(values)[0].astype(np.int64) + 1
        if empty is not None:
            found[empty] = 0
        numbers = pd.factorize(numbers * (size + 1) + found)[0].astype(np.int64)
    return numbers


def _grouped(of_row: Any) -> Groups:
    size = len(of_row)
    highest = np.maximum.accumulate(of_row)
    first = np.flatnonzero(np.diff(highest, prepend=-1))
    if np.array_equal(highest, of_row):
        return Groups(len(first), size, of_row, first, None, first)
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(len(first)))
    return Groups(len(first), size, of_row, first, order, starts)


_FIRST = np.zeros(1, np.int64)


def count_of(groups: Groups) -> int:
    """How many groups there are."""
    return groups.count


def first_of(groups: Groups, one: Column) -> Column:
    """The value of each group's first row."""
    return take(one, None if groups.count == groups.rows else groups.first)


def _keys(size: int, keys: Sequence[Column]) -> list[Any]:
    """The keys of each row, comparable."""
    lists = []
    for key in keys:
        if not is_array(key[0]) and key[1] is None:
            continue  # the same in every row
        values, empty = full(size, key)
        listed = values.tolist()
        if empty is not None:
            for row in np.flatnonzero(empty).tolist():
                listed[row] = None
        lists.append(listed)
    if not lists:
        return [()] * size
    return lists[0] if len(lists) == 1 else list(zip(*lists, strict=True))


def take(one: Column, places: Places) -> Column:
    """The column at some places."""
    values, empty = one
    if places is None:
        return one
    return (
        values[places] if is_array(values) else values,
        empty[places] if is_array(empty) else empty,
    )


def take_matched(match: Match, one: Column) -> Column:
    """The column at the places of a match, empty where there is none."""
    places, missing = match
    if places is None:
        return one
    if missing is None:
        return take(one, places)
    values, empty = one
    if is_array(values) and not len(values):
        return np.zeros(len(places), values.dtype), missing
    values, empty = take((values, empty), places)
    return values, either(missing, empty)


def then(match: Match, places: Places) -> Match:
    """The rows of a match at some places."""
    found, missing = match
    if places is None:
        return match
    if found is None:
        return places, None
    return found[places], None if missing is None else missing[places]


def part(number: int, both: tuple[Any, ...]) -> Any:
    """One of several answers."""
    return both[number]


def holding(size: int, *conditions: Column) -> Places:
    """The places at which all conditions hold."""
    keep: Any = True
    for values, empty in conditions:
        keep = keep & filled(values, empty, False)
    if not is_array(keep):
        return None if keep else np.empty(0, np.int64)
    return None if keep.all() else np.flatnonzero(keep)


def number_of(size: int, places: Places) -> int:
    """How many rows are left."""
    return size if places is None else len(places)


def alike(is_wanted: bool, keys: int, size: int, other: int, *columns: Column) -> Places:
    """The places of rows whose keys some other row has (or none has, if not `is_wanted`)."""
    there = {*_joined_keys(other, columns[keys:])} - {None}
    mine = _joined_keys(size, columns[:keys])
    return holding(size, (np.array([(key in there) is is_wanted for key in mine], np.bool_), None))


def matched(
    is_inner: bool, keys: int, size: int, other: int, *columns: Column
) -> tuple[Places, Match]:
    """The rows of a join: places on the left, and those on the right."""
    theirs = _joined_keys(other, columns[keys:])
    mine = _joined_keys(size, columns[:keys])
    single = {key: row for row, key in enumerate(theirs)}
    if len(single) == other:  # at most one for each row
        single.pop(None, None)
        places = np.array([single.get(key, NOWHERE) for key in mine], np.int64)
        missing = some(places == NOWHERE)
        if missing is None or not is_inner:
            return None, _match(places, missing, other)
        left = np.flatnonzero(~missing)
        return left, _match(places[left], None, other)
    there: dict[Any, list[int]] = {}
    for row, key in enumerate(theirs):
        if key is not None:
            there.setdefault(key, []).append(row)
    several: list[int] = []
    right: list[int] = []
    alone: list[int] = [] if is_inner else [NOWHERE]
    for row, key in enumerate(mine):
        found = there.get(key, alone)
        several += [row] * len(found)
        right += found
    places = np.array(right, np.int64)
    return _unless_all(several, size), _match(places, some(places == NOWHERE), other)


def _match(places: Any, missing: Any, other: int) -> Match:
    is_all = missing is None and np.array_equal(places, np.arange(other))
    return (None if is_all else places), missing


def _unless_all(places: list[int], size: int) -> Places:
    return None if places == list(range(size)) else np.array(places, np.int64)


def _joined_keys(size: int, keys: Sequence[Column]) -> list[Any]:
    """As `_keys`, with what is the same in every row; None where any is empty: equal to nothing."""
    listed = [full(size, key) for key in keys]
    lists = [values.tolist() for values, _ in listed]
    rows: list[Any] = lists[0] if len(lists) == 1 else list(zip(*lists, strict=True))
    for _, empty in listed:
        if empty is not None:
            for row in np.flatnonzero(empty).tolist():
                rows[row] = None
    return rows


def only_row(size: int, other: int) -> Match:
    """The one row of a table, for each row of another."""
    if other != 1:
        raise UnusualError("a product of tables with many rows")
    return np.zeros(size, np.int64), None


def ordered(descending: tuple[bool, ...], size: int, *keys: Column) -> Places:
    """The places in the order of the keys, empty ones last; equal rows stay as they were."""
    if size <= 1:
        return None
    places = list(range(size))
    for down, key in reversed(list(zip(descending, keys, strict=True))):
        values, empty = full(size, key)
        listed = values.tolist()
        none = [False] * size if empty is None else empty.tolist()
        unknown = [place for place in places if none[place]]
        places = [place for place in places if not none[place]]
        places.sort(key=listed.__getitem__, reverse=down)
        places += unknown
    return _unless_all(places, size)


def group_order(groups: Groups, places: Places) -> Any:
    """(order, rank): the rows group by group in an order, and each one's place in its group."""
    of_row = groups.of_row if places is None else groups.of_row[places]
    order = np.argsort(of_row, kind="stable")
    order = order if places is None else places[order]
    rank = np.arange(groups.rows) - groups.starts[groups.of_row[order]]
    return order, rank


def row_number(groups: Groups, order: Any) -> Column:
    """The place of each row in its group, from 0."""
    places, rank = order
    found = np.empty(groups.rows, np.int64)
    found[places] = rank
    return found, None


def lag(back: int, groups: Groups, order: Any, one: Column) -> Column:
    """The value so many rows before in its group, empty where there are not so many."""
    places, rank = order
    values, empty = full(groups.rows, one)
    before = np.empty(groups.rows, np.int64)
    before[places[back:]] = places[:-back]
    is_none = np.empty(groups.rows, np.bool_)
    is_none[places] = rank < back
    before[is_none] = 0
    return values[before], some(is_none if empty is None else is_none | empty[before])


def spread(groups: Groups, one: Column) -> Column:
    """A value of each group, for each of its rows."""
    return take(one, groups.of_row)
