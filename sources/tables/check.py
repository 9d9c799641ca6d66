"""The check: a raw table in; checked rows, quarantined rows and counts out.

rows in = rows kept + rows quarantined + duplicates + guests + left out by source.filter
(nothing is lost)
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from core.clock import utc_now
from core.errors import TableError
from sources.contract import ABOVE, CHANCES, LEFT_OUT, NUMBER, TIME, Table
from sources.cures import pasted
from sources.meanings.column_names import meant_columns
from sources.meanings.columns import told_meanings
from sources.meanings.currencies import in_one_currency
from sources.meanings.first_line_totals import without_blank_lines_of_totals
from sources.meanings.ids import whole_ids
from sources.meanings.missing import without_missing_words
from sources.meanings.nobody import without_nobody
from sources.meanings.not_mapped import not_mapped
from sources.meanings.repeated_cells import filled_within_orders
from sources.meanings.totals_rows import totals_rows
from sources.meanings.vocabulary import in_known_words
from sources.notes import NOTES, Note, Said
from sources.params import SourceParams
from sources.tables.cell_cures import NO_CHANCE, NO_COST, cure
from sources.tables.cells import read_cells
from sources.tables.header import refuse_header
from sources.tables.kept import Checked, SetAside
from sources.tables.keys import own_number_each, shared_order_numbers
from sources.tables.repeats import OTHER_CONTENT, repeats, with_position
from sources.tables.stray import Minutes, Span, stray_times

GUESTS = ("orders", "events")  # purchases and visits of people who did not say who they are
LARGEST = 9e12  # whole millionths of it are whole 64-bit numbers; no amount of money is larger
ZERO = "is 1 January 1970, which systems write where there is no time"
ANNOUNCED = "ended_at"
NO_NPS = "score is not an NPS score (0 to 10)"


def check_table(
    raw: pd.DataFrame, table: Table, params: SourceParams, currency: str | None = None
) -> Checked:
    """Bring a raw table into the contract's types and set aside what does not fit.

    Money is brought into `currency`, or into the one that most rows name.

    Raises TableError when the table is empty, a required column is missing, no row has a customer,
    or more than `source.max_quarantined` of the rows with a customer would be quarantined.
    """
    return check_part(raw.reset_index(drop=True), table, params, currency)


def check_part(
    raw: pd.DataFrame,
    table: Table,
    params: SourceParams,
    currency: str | None = None,
    span_of: Callable[[Minutes], Span] | None = None,
) -> Checked:
    """The same of a part of a table, whose index is the number of each row in it.

    `span_of` is told the minutes of its times, and tells the span of all; without it they say which
    of them are stray.
    """
    refuse_header(raw, table, params)
    left_out, left_out_notes = int(raw.attrs.get(LEFT_OUT, 0)), raw.attrs.get(NOTES, ())
    known = [c for c in raw.columns if c in table.columns or table.open_ended]
    given = without_missing_words(raw[known], table)
    given, repeated = filled_within_orders(given, table, params)
    given, of_first_lines = without_blank_lines_of_totals(given, table, params)
    rows, reasons, as_read = read_cells(given, table, params)
    rows, unknown = in_known_words(rows, table, params)
    ids = whole_ids(rows, table)
    rows = ids.rows
    of_totals = totals_rows(rows, table)
    rows, nobody = without_nobody(raw, rows, table, params)
    guests = _guests(rows, table) & (of_totals == "")
    reasons = of_totals.where(of_totals != "", reasons)
    reasons = reasons.where(reasons != "", ids.reasons)
    reasons = reasons.where(reasons != "", _breaches(rows, table))
    reasons = reasons.where((reasons != "") | ~_no_nps(rows, table), NO_NPS)
    reasons[guests] = ""
    stray = stray_times(rows, table, ~guests & (reasons == ""), span_of)
    reasons = reasons.where(reasons != "", stray)
    duplicates = pd.Series(data=False, index=rows.index)
    candidates = ~guests & (reasons == "")
    if table.name in params.drop_repeated_rows:
        duplicates |= candidates & rows[candidates].duplicated().reindex(
            rows.index, fill_value=False
        )
    numbers = shared_order_numbers(raw, rows[candidates & ~duplicates], table, params)
    rows = with_position(rows, table, candidates & ~duplicates)
    same, conflicts = repeats(rows, table, candidates & ~duplicates)
    duplicates |= same
    reasons = conflicts.where(conflicts != "", reasons)
    bad = reasons != ""
    _refuse_too_many(raw, reasons, guests, table, params)
    kept = ~guests & ~bad & ~duplicates
    if not kept.any():
        raise TableError(
            f"{table.name}: none of the {len(raw):,} rows is left, "
            f"{int(bad.sum()):,} cannot be used and {int(duplicates.sum()):,} repeat others: "
            + " ".join(str(_set_aside(raw, reasons, one)) for one in _distinct(reasons[bad]))
            + " Mend the file."
        )
    rows, unpriced = _without_empty_amounts(rows, kept, table)
    money = in_one_currency(given, rows, kept, table, params, currency or params.currency_of_money)
    counts = {
        "rows_in": len(raw) + left_out,
        "kept": int(kept.sum()),
        "quarantined": int(bad.sum()),
        "duplicates": int(duplicates.sum()),
        "guests": int(guests.sum()),
    } | ({"left_out": left_out} if left_out else {})
    aside = tuple(_set_aside(raw, reasons, reason) for reason in _distinct(reasons[bad]))
    return Checked(
        rows=money.rows[kept].reset_index(drop=True),
        quarantine=raw[bad].assign(reason=reasons[bad]).reset_index(drop=True),
        counts=counts,
        ignored_columns=tuple(c for c in raw.columns if c not in known),
        findings=tuple(map(str, aside)),
        set_aside=aside,
        currency=money.currency,
        notes=(
            *left_out_notes,
            *repeated,
            *of_first_lines,
            *nobody,
            *unpriced,
            *as_read,
            *money.notes,
            *numbers,
            *told_meanings(raw, rows[kept], table, params),
            *ids.notes,
            *unknown,
            *not_mapped(raw, table, params),
        ),
    )


def _without_empty_amounts(
    rows: pd.DataFrame, kept: "pd.Series[bool]", table: Table
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Amounts of which not one is known are absent: what needs money is then left out, by name."""
    if "amount" not in rows or rows.loc[kept, "amount"].notna().any():
        return rows, ()
    note = Note(
        "unknown_amounts",
        "error",
        "amount",
        int(kept.sum()),
        "no row has an amount, so that there is no money at all: neither values nor gains are told",
        f"map the column that holds the money with source.columns.{table.name}.amount",
        Said("unknown_amounts.all", table=table.name),
    )
    return rows.drop(columns="amount"), (note,)


def _guests(rows: pd.DataFrame, table: Table) -> "pd.Series[bool]":
    if table.name not in GUESTS:
        return pd.Series(data=False, index=rows.index)
    return rows["customer_id"].isna()


def _breaches(rows: pd.DataFrame, table: Table) -> "pd.Series[str]":
    """Rows that break the table's pandera schema, with the check's own words as reason."""
    reasons = pd.Series("", index=rows.index, dtype="str")
    try:
        schema(table, list(rows.columns)).validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases.dropna(subset=["index"]).drop_duplicates("index")
        words = cases["column"].astype("str") + " " + cases["check"].map(_words).astype("str")
        reasons.loc[cases["index"].astype("int64")] = words.to_numpy()
    return reasons


def schema(table: Table, present: list[str]) -> pa.DataFrameSchema:
    """The table's pandera schema over the columns that are there."""
    return pa.DataFrameSchema(
        {
            column: pa.Column(
                nullable=column not in table.required,
                checks=_checks(table.columns.get(column), column),
            )
            for column in present
        },
        strict=True,
    )


def _checks(kind: str | None, column: str) -> list[pa.Check]:
    if kind == TIME:
        # The end of a subscription can be settled before it comes.
        is_past = pa.Check.lt(utc_now(), error="is in the future")
        past = [] if column == ANNOUNCED else [is_past]
        first = pa.Check.ge(datetime(1970, 1, 1), error="is before 1970")  # noqa: DTZ001
        return [*past, first, pa.Check.ge(datetime(1970, 1, 2), error=ZERO)]  # noqa: DTZ001
    if kind == NUMBER and column in CHANCES:
        return [pa.Check.in_range(0, 1, error=NO_CHANCE)]
    if kind == NUMBER:
        costs = [pa.Check.ge(0, error=NO_COST)] if column == "cost" else []
        return [*costs, pa.Check(lambda s: np.abs(s) < LARGEST, error="is too large to be true")]
    return []


def _no_nps(rows: pd.DataFrame, table: Table) -> "pd.Series[bool]":
    """Answers to "how likely would you recommend us" on another scale than from 0 to 10."""
    if table.name != "surveys":
        return pd.Series(data=False, index=rows.index)
    return (rows["kind"] == "nps") & ~rows["score"].between(0, 10)


def _words(check: Any) -> str:
    return "is missing" if check == "not_nullable" else str(check)


def _refuse_too_many(
    raw: pd.DataFrame,
    reasons: "pd.Series[str]",
    guests: "pd.Series[bool]",
    table: Table,
    params: SourceParams,
) -> None:
    if guests.all():
        raise TableError(
            f"{table.name}: none of the {len(raw):,} rows has a customer_id, so nobody can be told "
            f"apart. {_other_customers(raw, table, params)}"
        )
    bad = reasons[~guests] != ""
    share = bad.mean()
    if share <= params.max_quarantined and not bad.all():
        return
    distinct = _distinct(reasons[reasons != ""])
    examples = " ".join(str(_set_aside(raw, reasons, reason)) for reason in distinct)
    cures = [text for reason in distinct if (text := _cure(raw, reasons, reason, table, params))]
    raise TableError(
        f"{table.name}: {int(bad.sum()):,} of {len(bad):,} rows ({share:.2%}) cannot be used, more "
        f"than source.max_quarantined ({params.max_quarantined:.0%}). "
        + " ".join([examples, *cures, "Mend the file, or raise source.max_quarantined."])
    )


def _other_customers(raw: pd.DataFrame, table: Table, params: SourceParams) -> str:
    """Where else the customers may be, as a line of params.yaml."""
    free = [str(c) for c in raw.columns if c not in table.columns and raw[c].notna().any()]
    for name in meant_columns("customer_id", table.name, free)[:1]:
        line = pasted("columns", {table.name: {"customer_id": name}}, params)
        return f"Is it {name}? Then write in params.yaml, below source: {line}"
    return "Export the file with its customers."


def _cure(
    raw: pd.DataFrame,
    reasons: "pd.Series[str]",
    reason: str,
    table: Table,
    params: SourceParams,
) -> str:
    if reason.endswith(OTHER_CONTENT):
        return own_number_each(raw[reasons == reason], table, params)
    column = reason.split(" ", 1)[0]
    return cure(reason, raw.loc[reasons == reason, column], table, params) if column in raw else ""


def _distinct(reasons: "pd.Series[str]") -> list[str]:
    return [str(reason) for reason in reasons.value_counts().index]


def _set_aside(raw: pd.DataFrame, reasons: "pd.Series[str]", reason: str) -> SetAside:
    rows = reasons[reasons == reason].index
    column = reason.split(" ", 1)[0]
    cell = raw.loc[rows[0], column] if column in raw.columns else None
    # Row numbers count the header and what stands above it, as a spreadsheet shows them.
    first = int(rows[0]) + 2 + int(raw.attrs.get(ABOVE, 0))
    return SetAside(reason, len(rows), first, "" if pd.isna(cell) else str(cell))
