"""Told rows beside the company's own, and cells that own rows leave open.

The company's rows come part by part, and are changed on the way.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from sources.contract import CONTACTS, Table
from sources.tables.kept import Checked, CheckedParts

Row = dict[str, Any]
Own = Checked | CheckedParts

KNOWN_AT = "known_at"


def as_text(time: pd.Timestamp) -> str:
    """A time as the store tells it."""
    return time.tz_localize("UTC").isoformat(timespec="microseconds")


def joined(own: Own | None, found: Checked, table: Table, repeated: int) -> Own:
    """The company's own rows, and behind them those that only were told."""
    counts = dict(found.counts)
    counts["rows_in"] += repeated
    counts["duplicates"] += repeated
    if own is None:
        return replace(found, counts=counts)
    news = _News(table, found.rows)
    change = news.joined if len(found.rows) else _as_they_are
    joined = _rewritten(own, change, found.quarantine)
    known = int(news.is_known.sum())
    counts["kept"] -= known
    counts["duplicates"] += known
    facts = facts_of(joined)
    return _with_facts(
        joined,
        counts={name: facts.counts.get(name, 0) + counts.get(name, 0) for name in facts.counts},
        findings=(*facts.findings, *found.findings),
        notes=(*facts.notes, *found.notes),
    )


class _News:
    """Told rows on their way to the company's own, part by part; `is_known` of these are there."""

    def __init__(self, table: Table, rows: pd.DataFrame):
        self.table, self.rows = table, rows
        self.is_known = np.zeros(len(rows), dtype=bool)

    def joined(self, parts: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The parts with what was told of their rows; then the told rows that none of them has."""
        part = pd.DataFrame()
        for part in parts:
            yield self._with_told(part)
        new = self.rows[~self.is_known]
        yield _with_columns(new, part, part.columns).reset_index(drop=True)

    def _with_told(self, own: pd.DataFrame) -> pd.DataFrame:
        key = [c for c in self.table.key if c in own or c in self.rows if c != "line_id"]
        own = _with_columns(own, self.rows, self.rows.columns)
        told = _with_columns(self.rows, own, key)
        places = told[key].merge(own[key].drop_duplicates(), "left", key, indicator=True)
        is_here = (places["_merge"] == "both").to_numpy()
        self.is_known |= is_here
        return _with_later_cells(own, told[is_here], key, self.table)


def _rewritten(
    own: Own,
    change: Callable[[Iterable[pd.DataFrame]], Iterable[pd.DataFrame]],
    aside: pd.DataFrame,
) -> Own:
    """A table with its parts changed, one after the other, and more rows set aside."""
    if isinstance(own, CheckedParts):
        return own.rewritten(change(own.rows), chain(own.quarantine, [aside]))
    rows = pd.concat(list(change([own.rows])), ignore_index=True)
    return replace(own, rows=rows, quarantine=pd.concat([own.quarantine, aside], ignore_index=True))


def _as_they_are(parts: Iterable[pd.DataFrame]) -> Iterable[pd.DataFrame]:
    return parts


def facts_of(table: Own) -> Checked:
    """What the check found of a table, wherever its rows are."""
    return table.facts if isinstance(table, CheckedParts) else table


def _with_facts(table: Own, **facts: Any) -> Own:
    if isinstance(table, CheckedParts):
        return replace(table, facts=replace(table.facts, **facts))
    return replace(table, **facts)


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


def answered(
    tables: dict[str, Own], answers: Sequence[Row], end: pd.Timestamp
) -> tuple[dict[str, Own], int]:
    """The tables with the answers to contacts, and how many answers wait for their contact."""
    now = [row for row in answers if row["responded_at"] < as_text(end)]
    if not now or CONTACTS.name not in tables:
        return tables, len(answers)
    news = pd.DataFrame(now)
    for time in ("responded_at", KNOWN_AT):
        news[time] = pd.to_datetime(news[time], utc=True).dt.tz_localize(None).dt.as_unit("us")
    news["responded"] = news["responded"].astype("boolean")
    key = ["contact_id", "customer_id"]
    asked = pd.MultiIndex.from_frame(news[key])
    is_known = np.zeros(len(news), dtype=bool)

    def with_answers(parts: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for part in parts:
            is_known[asked.isin(pd.MultiIndex.from_frame(part[key]))] = True
            yield _with_later_cells(part, news, key, CONTACTS)

    contacts = tables[CONTACTS.name]
    told = _rewritten(contacts, with_answers, facts_of(contacts).quarantine.head(0))
    waiting = len(answers) - len(now) + int((~is_known).sum())
    return {**tables, CONTACTS.name: told}, waiting
