"""What the CRM told the service, beside the rows that the company's own files hold.

They pass the same check. Told rows never say up to which day there is data: what is newer than the
company's own last order waits until these have come as far. Only a no (consent, objection) counts
at once, on the score date. Events (purchases and the like, told as they happen) count as if the
company's own files held them: nothing says that they became known later.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.errors import TableError
from sources.contract import CONSENTS, CONTACTS, EVENTS, ORDERS, SURVEYS, TABLES, TICKETS, Table
from sources.params import SourceParams
from sources.tables.beside_own import KNOWN_AT, Own, Row, answered, as_text, facts_of, joined
from sources.tables.check import check_table
from sources.tables.kept import Checked, CheckedParts

RESPONSES = "responses"  # told on their own; cells of contacts
TOLD = (ORDERS.name, CONTACTS.name, CONSENTS.name, TICKETS.name, EVENTS.name, SURVEYS.name)
IS_EVENT = "is_event"  # marks the row of an event
DERIVED = "orders are payments made of subscriptions here: tell those"
DAY = len("2017-11-15")  # of a time as text: two that begin alike lie on one day


@dataclass(frozen=True)
class Merged:
    """The tables with what was told.

    `only_told` names the tables that the source does not have; `waiting` counts, by table, rows
    that are newer than the company's data, and answers to contacts that nobody told or exported;
    `unusable` holds told rows of a table that has no other, with the reason.
    """

    tables: dict[str, Own]
    only_told: tuple[str, ...]
    waiting: Mapping[str, int]
    unusable: Mapping[str, pd.DataFrame]


def with_told(
    checked: Mapping[str, Own], told: Mapping[str, Sequence[Row]], params: SourceParams
) -> Merged:
    """The checked tables with the rows of `told`, by table, oldest first; times are UTC as text.

    A row that the company's own files hold too, by its key, counts once: the company's counts, and
    what it leaves open (an answer, a closing) is taken from what was told. Nothing told stops a
    run: what cannot be used is quarantined.
    """
    end = _end(checked)
    tables = dict(checked)
    waiting: Counter[str] = Counter()
    unusable = {}
    for name in TOLD:
        rows, table = told.get(name, ()), TABLES[name]
        there, newer = _until(end, as_own(standing(rows, table)), table)
        waiting[name] += newer
        if not there:
            continue
        if name == ORDERS.name and facts_of(checked[name]).made_of:
            unusable[name] = pd.DataFrame(there).assign(reason=DERIVED)
            continue
        found = _checked(pd.DataFrame(there), table, params)
        if len(found.rows) or name in checked:
            repeated = len(rows) - len(there) - newer
            tables[name] = joined(checked.get(name), found, table, repeated)
        else:
            unusable[name] = found.quarantine
    tables, waiting[RESPONSES] = answered(tables, told.get(RESPONSES, ()), end)
    only_told = tuple(name for name in TOLD if name in tables and name not in checked)
    return Merged(tables, only_told, +waiting, unusable)


def _end(checked: Mapping[str, Own]) -> pd.Timestamp:
    """The midnight after the company's last order, or after its last row where it has no orders."""
    orders = checked.get(ORDERS.name)
    if isinstance(orders, CheckedParts) and orders.last_order is not None:
        last = orders.last_order
    else:
        held = {n: t for n, t in checked.items() if isinstance(t, Checked)}
        leading = {n: t for n, t in held.items() if orders is None or n == ORDERS.name}
        last = max(table.rows[TABLES[name].time].max() for name, table in leading.items())
    midnight: pd.Timestamp = last.normalize() + pd.Timedelta(days=1)
    return midnight


def standing(rows: Sequence[Row], table: Table) -> list[Row]:
    """One row per key, as it stands: cells with a time of their own may have been told later.

    A row that contradicts one told before stays: the check says which of the two is kept.
    """
    if table.name == ORDERS.name:
        return _lines(rows)
    first: dict[tuple[Any, ...], Row] = {}
    plain: dict[tuple[Any, ...], list[Row]] = {}
    standing = []
    later = {c for time, cells in table.later.items() for c in (time, *cells)}
    key = [column for column in table.key if column != "line_id"]
    for row in rows:
        its_key = tuple(row.get(column) for column in key)
        itself = {c: cell for c, cell in row.items() if c not in later and c != KNOWN_AT}
        if its_key not in first:
            first[its_key], plain[its_key] = dict(row), [itself]
            standing.append(first[its_key])
        elif itself == plain[its_key][0]:
            _take_later_cells(first[its_key], row, table)
        elif itself not in plain[its_key]:
            plain[its_key].append(itself)
            standing.append(row)
    return standing


def _lines(rows: Sequence[Row]) -> list[Row]:
    """Lines of orders: equal ones of one request are so many lines, of another the same again."""
    told: Counter[tuple[Any, ...]] = Counter()
    of_request: Counter[tuple[Any, ...]] = Counter()
    kept = []
    for row in rows:
        line = tuple(sorted((c, cell) for c, cell in row.items() if c != KNOWN_AT))
        of_request[row[KNOWN_AT], line] += 1
        if of_request[row[KNOWN_AT], line] > told[line]:
            told[line] += 1
            kept.append(row)
    return kept


def as_own(rows: Sequence[Row]) -> list[Row]:
    """The rows; those of events without when they were told, as the company's own."""
    aside = (IS_EVENT, KNOWN_AT)
    return [
        {c: cell for c, cell in row.items() if c not in aside} if IS_EVENT in row else row
        for row in rows
    ]


def _take_later_cells(row: Row, news: Row, table: Table) -> None:
    for time, cells in table.later.items():
        if time in news:
            row |= {c: news[c] for c in cells if c in news}
            row[time] = _when_known(news[time], news[KNOWN_AT])


def _when_known(time: str, known_at: str) -> str:
    """The time of a cell; where it was told on a later day, that is when it became known."""
    return time if time[:DAY] == known_at[:DAY] else max(time, known_at)


def _until(end: pd.Timestamp, rows: list[Row], table: Table) -> tuple[list[Row], int]:
    """The rows up to the end of the data, and how many are newer and wait."""
    there = [row for row in rows if row[table.time] < as_text(end)]
    newer = [row for row in rows if row[table.time] >= as_text(end)]
    if table.name == CONSENTS.name:
        words = {tuple(r.get(c) for c in ("customer_id", "channel", "purpose")): r for r in newer}
        now = as_text(end - pd.Timedelta(seconds=1))
        refusals = [row for row in words.values() if not row["granted"]]
        there += [{**row, table.time: now, KNOWN_AT: now} for row in refusals]
        return there, len(newer) - len(refusals)
    return there, len(newer)


def _checked(raw: pd.DataFrame, table: Table, params: SourceParams) -> Checked:
    """The check of told rows, of which any number may be quarantined."""
    try:
        return check_table(raw, table, params.model_copy(update={"max_quarantined": 1.0}))
    except TableError as error:
        counts = {"rows_in": len(raw), "kept": 0, "quarantined": len(raw), "duplicates": 0}
        return Checked(
            rows=pd.DataFrame(),
            quarantine=raw.assign(reason=str(error)),
            counts={**counts, "guests": 0},
            ignored_columns=(),
            findings=(str(error),),
        )
