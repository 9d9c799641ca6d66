"""What the CRM told the service, beside the rows that the company's own files hold.

They pass the same check. Told rows never say up to which day there is data: what is newer than the
company's own last order waits until these have come as far. Only a no (consent, objection) counts
at once, on the score date. Events (purchases and the like, told as they happen) count as if the
company's own files held them: nothing says that they became known later.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from core.errors import TableError
from sources.contract import CONSENTS, CONTACTS, EVENTS, ORDERS, SURVEYS, TABLES, TICKETS, Table
from sources.params import SourceParams
from sources.tables.check import Checked, check_table

Row = dict[str, Any]

RESPONSES = "responses"  # told on their own; cells of contacts
TOLD = (ORDERS.name, CONTACTS.name, CONSENTS.name, TICKETS.name, EVENTS.name, SURVEYS.name)
KNOWN_AT = "known_at"
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

    tables: dict[str, Checked]
    only_told: tuple[str, ...]
    waiting: Mapping[str, int]
    unusable: Mapping[str, pd.DataFrame]


def with_told(
    checked: dict[str, Checked], told: Mapping[str, Sequence[Row]], params: SourceParams
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
        if name == ORDERS.name and checked[name].made_of:
            unusable[name] = pd.DataFrame(there).assign(reason=DERIVED)
            continue
        found = _checked(pd.DataFrame(there), table, params)
        if len(found.rows) or name in checked:
            repeated = len(rows) - len(there) - newer
            tables[name] = _joined(checked.get(name), found, table, repeated)
        else:
            unusable[name] = found.quarantine
    tables, waiting[RESPONSES] = _answered(tables, told.get(RESPONSES, ()), end)
    only_told = tuple(name for name in TOLD if name in tables and name not in checked)
    return Merged(tables, only_told, +waiting, unusable)


def _end(checked: Mapping[str, Checked]) -> pd.Timestamp:
    """The midnight after the company's last order, or after its last row where it has no orders."""
    leading = {name: table for name, table in checked.items() if name == "orders"} or checked
    last = max(table.rows[TABLES[name].time].max() for name, table in leading.items())
    midnight: pd.Timestamp = last.normalize() + pd.Timedelta(days=1)
    return midnight


def _text(time: pd.Timestamp) -> str:
    return time.tz_localize("UTC").isoformat(timespec="microseconds")


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
    there = [row for row in rows if row[table.time] < _text(end)]
    newer = [row for row in rows if row[table.time] >= _text(end)]
    if table.name == CONSENTS.name:
        words = {tuple(r.get(c) for c in ("customer_id", "channel", "purpose")): r for r in newer}
        now = _text(end - pd.Timedelta(seconds=1))
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


def _joined(own: Checked | None, found: Checked, table: Table, repeated: int) -> Checked:
    """The company's own rows, and behind them those that only were told."""
    counts = dict(found.counts)
    counts["rows_in"] += repeated
    counts["duplicates"] += repeated
    if own is None:
        return replace(found, counts=counts)
    rows, new = own.rows, found.rows
    if len(new):
        key = [c for c in table.key if c in rows.columns or c in new.columns if c != "line_id"]
        rows, new = _with_columns(rows, new, key), _with_columns(new, rows, key)
        known = new[key].merge(rows[key].drop_duplicates(), "left", key, indicator=True)["_merge"]
        is_known = (known == "both").to_numpy()
        rows = pd.concat(
            [_with_later_cells(rows, new[is_known], key, table), new[~is_known]], ignore_index=True
        )
        counts["kept"] -= int(is_known.sum())
        counts["duplicates"] += int(is_known.sum())
    return replace(
        own,
        rows=rows,
        quarantine=pd.concat([own.quarantine, found.quarantine], ignore_index=True),
        counts={name: own.counts.get(name, 0) + counts.get(name, 0) for name in own.counts},
        findings=(*own.findings, *found.findings),
        notes=(*own.notes, *found.notes),
    )


def _with_columns(rows: pd.DataFrame, like: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The rows with the named columns, empty where only the other table has them."""
    absent = {name: like[name].dtype for name in names if name not in rows.columns}
    empty = {name: pd.Series(index=rows.index, dtype=dtype) for name, dtype in absent.items()}
    return rows.assign(**empty)


def _with_later_cells(
    own: pd.DataFrame, told: pd.DataFrame, key: list[str], table: Table
) -> pd.DataFrame:
    """The company's rows; what they leave open is taken from the told rows of the same key."""
    for time, cells in table.later.items():
        if time not in told or told[time].isna().all():
            continue
        columns = [c for c in (time, *cells) if c in told.columns]
        own = _with_columns(own, told, columns)
        news = told
        if KNOWN_AT in told:
            news = told.assign(**{time: _when_known_column(told[time], told[KNOWN_AT])})
        found = own[key].merge(news[[*key, *columns]].drop_duplicates(key), "left", key)
        is_open = (own[time].isna() & found[time].notna().to_numpy()).to_numpy()
        for column in columns:
            own[column] = own[column].mask(is_open, found[column].set_axis(own.index))
    return own


def _when_known_column(time: pd.Series, known_at: pd.Series) -> pd.Series:
    """As `_when_known`, of columns."""
    later = known_at.dt.normalize() > time.dt.normalize()
    return time.mask(later, known_at)


def _answered(
    tables: dict[str, Checked], answers: Sequence[Row], end: pd.Timestamp
) -> tuple[dict[str, Checked], int]:
    """The tables with the answers to contacts, and how many answers wait for their contact."""
    now = [row for row in answers if row["responded_at"] < _text(end)]
    if not now or CONTACTS.name not in tables:
        return tables, len(answers)
    news = pd.DataFrame(now)
    for time in ("responded_at", KNOWN_AT):
        news[time] = pd.to_datetime(news[time], utc=True).dt.tz_localize(None).dt.as_unit("us")
    news["responded"] = news["responded"].astype("boolean")
    contacts, key = tables[CONTACTS.name], ["contact_id", "customer_id"]
    rows = _with_later_cells(contacts.rows, news, key, CONTACTS)
    known = pd.MultiIndex.from_frame(contacts.rows[key])
    unknown = ~pd.MultiIndex.from_frame(news[key]).isin(known)
    answered = {**tables, CONTACTS.name: replace(contacts, rows=rows)}
    return answered, len(answers) - len(now) + int(unknown.sum())
