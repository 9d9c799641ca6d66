"""Rows of erased customers are left out of checked tables, and counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pandas as pd

from sources.tables.kept import CheckedParts

CUSTOMER = "customer_id"
ERASED = "erased"  # the count of rows left out for it
T = TypeVar("T")


def without_erased(table: T, is_erased: Callable[[str], bool]) -> T:
    """A checked table (`Checked` or `Ready`) without the rows of whom `is_erased` names.

    After the check, as ids are then in the form that they were erased in; rows that were set aside
    hold the raw id, and go where that is the same. rows in = kept + quarantined + erased + others.
    """
    checked: Any = table
    rows, kept_out = _without(checked.rows, is_erased)
    aside, aside_out = _without(checked.quarantine, is_erased)
    if not kept_out + aside_out:
        return table
    counts = _counts_without(checked.counts, {"kept": kept_out, "quarantined": aside_out})
    left: T = replace(checked, rows=rows, quarantine=aside, counts=counts)
    return left


def parts_without_erased(table: CheckedParts, is_erased: Callable[[str], bool]) -> CheckedParts:
    """The same of a table in parts."""
    out = {"kept": 0, "quarantined": 0}

    def left(parts: Iterable[pd.DataFrame], count: str) -> Iterator[pd.DataFrame]:
        for part in parts:
            rows, gone = _without(part, is_erased)
            out[count] += gone
            yield rows

    changed = table.rewritten(left(table.rows, "kept"), left(table.quarantine, "quarantined"))
    if not sum(out.values()):
        return table
    counts = _counts_without(table.facts.counts, out)
    return replace(changed, facts=replace(table.facts, counts=counts))


def _counts_without(counts: Mapping[str, int], out: Mapping[str, int]) -> dict[str, int]:
    left = {name: number - out.get(name, 0) for name, number in counts.items()}
    return left | {ERASED: sum(out.values())}


def _without(rows: pd.DataFrame, is_erased: Callable[[str], bool]) -> tuple[pd.DataFrame, int]:
    if CUSTOMER not in rows:
        return rows, 0
    ids = rows[CUSTOMER].astype("str").str.strip()
    gone = [one for one in ids.unique() if is_erased(one)]
    if not gone:
        return rows, 0
    out = ids.isin(gone)
    return rows[~out].reset_index(drop=True), int(out.sum())
