"""The check of a table that is cut into parts, and of all tables of a source.

A part is checked as a table of its own. What holds for each row, or for the rows of one key, adds
up. What a check decides of a whole column (which of day and month comes first, which mark stands
before decimals) shows in its notes, its currency and its columns: where the parts do not agree in
all of them, the table is checked whole. So the rows, counts and findings are those of the whole.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from core.errors import TableError
from core.parts import Spilled
from core.rows import without_rows
from sources.contract import ENOUGH, LEFT_OUT, TABLES
from sources.notes import NOTES, Note
from sources.params import SourceParams
from sources.tables.check import check_part, check_table
from sources.tables.cutting import WHY_WHOLE, RawParts
from sources.tables.kept import Checked, CheckedParts, SetAside, in_text
from sources.tables.people import refuse_new_id_each_time
from sources.tables.stray import Minutes, Span

CUSTOMER = "customer_id"
CHECKED = "checked"  # the folder of the checked rows


def check_tables(raw: Mapping[str, pd.DataFrame], params: SourceParams) -> dict[str, Checked]:
    """Every table the source has, checked; the names are those of the contract."""
    found = check_in_parts(raw, params, lambda _: None)
    return {name: table for name, table in found.items() if isinstance(table, Checked)}


def check_in_parts(
    raw: Mapping[str, pd.DataFrame | RawParts], params: SourceParams, say: Callable[[str], None]
) -> dict[str, Checked | CheckedParts]:
    """The same of tables some of which come in parts; the checked rows of these lie beside them.

    `say` is told why a table is checked whole after all.
    """
    currency = None
    checked: dict[str, Checked | CheckedParts] = {}
    raw_orders = pd.DataFrame()
    is_alone = "subscriptions" not in raw  # of a contract one payment may be all there is
    for name in sorted(raw, key=lambda name: name not in ENOUGH):  # in the currency of payments
        table = raw[name]
        if isinstance(table, RawParts):
            found = _checked_parts(table, params, currency, is_alone)
            if isinstance(found, CheckedParts):
                checked[name], currency = found, currency or found.facts.currency
                continue
            table = table.whole()
            table.attrs[WHY_WHOLE] = found
        if why := table.attrs.get(WHY_WHOLE):
            say(f"{name}: {len(table):,} rows are checked in memory, all at once: {why}")
        raw_orders = table if name == "orders" else raw_orders
        whole = check_table(table, TABLES[name], params, currency)
        checked[name], currency = whole, currency or whole.currency
    orders = checked.get("orders")
    if is_alone and isinstance(orders, Checked):
        refuse_new_id_each_time(raw_orders, orders.rows, params)
    return {name: checked[name] for name in raw}


def _checked_parts(
    raw: RawParts, params: SourceParams, currency: str | None, is_alone: bool
) -> CheckedParts | str:
    """The table, or why it has to be checked whole."""
    try:
        found = _in_span(raw, params, currency, Span())
        if isinstance(found, _Pass) and found.span != Span():
            # Only all times together show which of them are stray.
            found = _in_span(raw, params, currency, found.span)
        if isinstance(found, str):
            return found
        if found.some is not None and is_alone:
            refuse_new_id_each_time(pd.DataFrame(), found.some, params)
    except TableError as error:
        return f"a part of them is refused: {str(error).split('. ')[0]}"
    return found.table


@dataclass(frozen=True)
class _Pass:
    """One pass over the parts: the table, the span of its times, and orders of some customers."""

    table: CheckedParts
    span: Span
    some: pd.DataFrame | None


def _in_span(raw: RawParts, params: SourceParams, currency: str | None, span: Span) -> _Pass | str:
    """The parts checked with one span of times; or what they do not agree in."""
    shutil.rmtree(raw.folder / CHECKED, ignore_errors=True)
    rows, aside = (Spilled.below(raw.folder / CHECKED) for _ in range(2))
    facts: list[Checked] = []
    some, last = [], []
    minutes = Minutes(np.empty(0, np.int64), np.empty(0, np.int64))

    def span_of(those: Minutes) -> Span:
        # Rows count that are set aside later: of two that contradict each other one may be stray.
        nonlocal minutes
        minutes = minutes.with_those_of(those)
        return span

    for part in raw:
        checked = check_part(part, raw.table, params, currency, span_of)
        if facts and (other := _decided_otherwise(facts[0], checked)):
            return other
        if raw.table.name == "orders":
            some.append(_of_some_customers(checked.rows, raw.number))
            last.append(checked.rows[raw.table.time].max())
        rows.add(checked.rows)
        aside.add(in_text(checked.quarantine))
        facts.append(
            replace(
                checked,
                rows=without_rows(checked.rows),
                quarantine=without_rows(checked.quarantine),
            )
        )
    table = CheckedParts(_together(facts, raw), raw.folder, rows, aside, max(last, default=None))
    return _Pass(table, minutes.span(), pd.concat(some, ignore_index=True) if some else None)


def _decided_otherwise(first: Checked, other: Checked) -> str:
    """What two parts do not agree in; empty where nothing."""
    if (first.currency, first.ignored_columns) != (other.currency, other.ignored_columns):
        return "their currency is not the same in all parts"
    kinds = [[(str(c), _kind(one.rows[c])) for c in one.rows.columns] for one in (first, other)]
    if kinds[0] != kinds[1]:
        return "their columns are not of the same types in all parts"
    if notes := {note.same for note in first.notes} ^ {note.same for note in other.notes}:
        return f"what stands in parts of them is decided for all ({min(notes)[0]})"
    return ""


def _kind(column: pd.Series) -> str:
    return "number" if is_numeric_dtype(column) and not is_bool_dtype(column) else str(column.dtype)


def _of_some_customers(rows: pd.DataFrame, one_in: int) -> pd.DataFrame:
    """The rows of one in so many customers, the same in every part."""
    codes, ids = pd.factorize(rows[CUSTOMER])
    chosen = pd.util.hash_array(np.asarray(ids, dtype=object)) % one_in == 0
    some: pd.DataFrame = rows[chosen[codes]]
    return some


def _together(facts: Sequence[Checked], raw: RawParts) -> Checked:
    """What was found of all parts."""
    counts: dict[str, int] = {}
    for name in dict.fromkeys(name for one in facts for name in one.counts):
        counts[name] = sum(one.counts.get(name, 0) for one in facts)
    if left_out := raw.attrs[LEFT_OUT]:
        counts |= {"rows_in": counts["rows_in"] + left_out, LEFT_OUT: left_out}
    reasons: dict[str, list[SetAside]] = {}
    for found in (found for one in facts for found in one.set_aside):
        reasons.setdefault(found.reason, []).append(found)
    aside = [
        replace(min(found, key=lambda one: one.row), rows=sum(one.rows for one in found))
        for found in reasons.values()
    ]
    aside.sort(key=lambda one: (-one.rows, one.row))
    noted: dict[tuple[str, ...], list[Note]] = {}
    for note in (note for one in facts for note in one.notes):
        noted.setdefault(note.same, []).append(note)
    notes = [first.together(others) for first, *others in noted.values()]
    return replace(
        facts[0],
        counts=counts,
        findings=tuple(map(str, aside)),
        set_aside=tuple(aside),
        notes=(*raw.attrs[NOTES], *notes),
    )
