"""The check of a ready table: its label, customers, dates and columns, or the sentence that helps.

rows in = rows kept + rows set aside + repeats + those that source.filter left out
"""

from dataclasses import dataclass, replace

import pandas as pd

from core.clock import utc_now
from core.errors import TableError, did_you_mean
from sources.contract import AT_STAKE, COLUMN, LEFT_OUT, NUMBER, READY, Table
from sources.meanings.currencies import in_one_currency
from sources.meanings.missing import without_missing_words
from sources.meanings.totals_rows import OF_TOTALS, is_of_totals
from sources.notes import NOTES, Note
from sources.params import SourceParams
from sources.ready.columns import LeftOut, read_columns
from sources.ready.labels import read_label
from sources.ready.layout import WRITTEN_ON, layout
from sources.tables.cell_cures import cure_of
from sources.tables.cells import texts
from sources.tables.repeats import repeats
from sources.written.numbers import read_numbers
from sources.written.reading import no_reasons
from sources.written.times import read_times

CUSTOMER, DATE, LEFT = "customer_id", "as_of_date", "churned"
MISSING, AMOUNT = "is missing", "amount"


@dataclass(frozen=True)
class Ready:
    """A checked ready table.

    `rows` hold customer_id, as_of_date (NaT without dates), churned (1 left, 0 stayed, NaN not
    known), at_stake where `source.value` names money, and `column_<name>` for each feature.
    `quarantine` holds raw rows with a column `reason`. `written_on` is the day on which the file
    was saved.
    """

    rows: pd.DataFrame
    quarantine: pd.DataFrame
    counts: dict[str, int]
    left_out: tuple[LeftOut, ...]
    notes: tuple[Note, ...]
    findings: tuple[str, ...]
    written_on: str
    currency: str | None = None


def check_ready(raw: pd.DataFrame, params: SourceParams) -> Ready:
    """Read and check a ready table.

    Raises TableError where a named column is missing, no row or only one outcome is labelled, more
    than `source.max_quarantined` of the rows cannot be used, or customers repeat without dates.
    """
    table = layout(params)
    _refuse_missing(raw, table, params)
    left_out = int(raw.attrs.get(LEFT_OUT, 0))
    written_on, of_file = str(raw.attrs[WRITTEN_ON]), raw.attrs.get(NOTES, ())
    raw = raw.reset_index(drop=True)
    given = without_missing_words(raw, table)
    rows, reasons, notes = _named(given, table, params)
    _refuse_too_many(raw, reasons, table, params)
    label = read_label(given.loc[reasons == "", str(params.label)], table, params)
    rows[LEFT] = label.reindex(rows.index)
    rows, currency, priced = _in_one_currency(given, rows, reasons == "", params)
    notes += priced
    own = [name for name in given.columns if name not in {*table.key, params.label}]
    there = reasons == ""
    columns = read_columns(given.loc[there, own], rows.loc[there, CUSTOMER], table, params)
    features = columns.values.add_prefix(COLUMN).reindex(rows.index)
    whole = pd.concat([rows, features], axis=1)
    key = Table(READY, {}, (), (CUSTOMER, DATE), DATE, "")
    same, conflicts = repeats(whole.assign(**_raw_text(raw, table)), key, there)
    _refuse_repeated(raw, whole, conflicts, params)
    reasons = reasons.where(reasons != "", conflicts)
    _refuse_too_many(raw, reasons, table, params)
    bad = reasons != ""
    kept = ~bad & ~same
    return Ready(
        rows=whole[kept].reset_index(drop=True),
        quarantine=raw[bad].assign(reason=reasons[bad]).reset_index(drop=True),
        counts={
            "rows_in": len(raw) + left_out,
            "kept": int(kept.sum()),
            "quarantined": int(bad.sum()),
            "duplicates": int(same.sum()),
            "guests": 0,
        }
        | ({"left_out": left_out} if left_out else {}),
        left_out=columns.left_out,
        notes=(*of_file, *notes, *columns.notes),
        findings=tuple(_example(raw, reasons, reason) for reason in _distinct(reasons[bad])),
        written_on=written_on,
        currency=currency,
    )


def _in_one_currency(
    given: pd.DataFrame, rows: pd.DataFrame, kept: "pd.Series[bool]", params: SourceParams
) -> tuple[pd.DataFrame, str | None, list[Note]]:
    """The money of `source.value` in one currency, that currency, and what was done about it."""
    if params.value is None:
        return rows, None, []
    table = Table(READY, {AMOUNT: NUMBER}, (), (), "", "")
    cells = pd.DataFrame({AMOUNT: given[params.value]})
    sums = rows[[AT_STAKE]].rename(columns={AT_STAKE: AMOUNT})
    money = in_one_currency(cells, sums, kept, table, params, params.currency_of_money)
    notes = [replace(note, column=params.value) for note in money.notes]
    if AMOUNT not in money.rows:
        return rows.drop(columns=AT_STAKE), None, notes
    return rows.assign(**{AT_STAKE: money.rows[AMOUNT]}), money.currency, notes


def _refuse_missing(raw: pd.DataFrame, table: Table, params: SourceParams) -> None:
    there = [str(name) for name in raw.columns]
    for role in ("label", "customer", "as_of", "value"):
        column = getattr(params, role)
        if column is not None and column not in there:
            raise TableError(
                f"source.{role} in params.yaml names the column {column}, which the table has not."
                f"{did_you_mean(column, there)} It has: {', '.join(there)}."
            )
    if raw.empty:
        raise TableError("The table has a header but no rows. Export it again.")
    if set(there) <= set(table.columns):
        raise TableError(
            f"The table has no column beside {', '.join(table.columns)}: a model learns from what "
            "else is known of the customers. Bring the columns that describe them."
        )


def _named(
    given: pd.DataFrame, table: Table, params: SourceParams
) -> tuple[pd.DataFrame, "pd.Series[str]", list[Note]]:
    """Customers, dates and money; why a row cannot be used (else empty); how cells were read."""
    reasons, notes = no_reasons(given), []
    customers = texts(given[params.customer])
    reasons[customers.isna()] = f"{params.customer} {MISSING}"
    totals = {text for text in customers.dropna().unique() if is_of_totals(text)}
    reasons[customers.isin(totals)] = f"{params.customer} {OF_TOTALS}"
    rows = pd.DataFrame({CUSTOMER: customers, DATE: pd.NaT})
    if params.as_of is not None:
        reading = read_times(given[params.as_of], params.timezone)
        days = reading.values.dt.normalize()
        why = reading.reasons.mask(reading.values.isna() & (reading.reasons == ""), MISSING)
        why = why.mask(days > pd.Timestamp(utc_now()), "is in the future")
        reasons = reasons.where((reasons != "") | (why == ""), f"{params.as_of} " + why)
        rows[DATE] = days
        notes += [_as_read(params.as_of, "as_of", str(read), len(given)) for read in reading.notes]
    rows[DATE] = rows[DATE].astype("datetime64[us]")
    if params.value is not None:
        reading = read_numbers(given[params.value])
        if reading.values.isna().all():
            raise TableError(
                f"source.value in params.yaml names the column {params.value}, in which no cell is "
                "an amount: take it out, or name the column of the money that is at stake."
            )
        rows[AT_STAKE] = reading.values
        notes += [_as_read(params.value, "value", str(read), len(given)) for read in reading.notes]
    return rows, reasons, notes


def _raw_text(raw: pd.DataFrame, table: Table) -> dict[str, pd.Series]:
    """What was not read of a row: rows that differ there are no repeats of each other."""
    return {f"raw_{name}": raw[name].astype("str") for name in raw.columns if name not in table.key}


def _refuse_repeated(
    raw: pd.DataFrame, rows: pd.DataFrame, conflicts: "pd.Series[str]", params: SourceParams
) -> None:
    """Without dates a customer has one row."""
    clash = conflicts != ""
    if params.as_of is not None or not clash.any():
        return
    first = rows.loc[clash, CUSTOMER].iloc[0]
    at = [str(index + 2) for index in rows.index[clash & (rows[CUSTOMER] == first)][:3]]
    # Each row of a customer is of another date where a column of dates tells them apart.
    dated = [
        str(name)
        for name in raw.columns
        if name not in (params.customer, params.label)
        and not pd.api.types.is_numeric_dtype(raw[name])
        and (read_times(raw[name].head(200), params.timezone).reasons == "").all()
        and not raw[clash].duplicated([params.customer, name]).any()
        and raw[name].notna().all()
    ]
    cure_text = (
        f"Where each row is of a date, name its column below source: in params.yaml: "
        f"as_of: {dated[0]}"
        if dated
        else "Where each row is of a date, name the column of the dates with source.as_of; else "
        "keep one row of each customer with source.filter"
    )
    raise TableError(
        f"{rows.loc[clash, CUSTOMER].nunique():,} customers of {params.customer} have several rows "
        f"with different contents (first: {first}, rows {' and '.join(at)}), and no dates tell "
        f"these apart. {cure_text}."
    )


def _refuse_too_many(
    raw: pd.DataFrame, reasons: "pd.Series[str]", table: Table, params: SourceParams
) -> None:
    bad = reasons != ""
    if bad.mean() <= params.max_quarantined and not bad.all():
        return
    told = []
    for reason in _distinct(reasons[bad]):
        told.append(_example(raw, reasons, reason))
        column = next((c for c in table.key if reason.startswith(f"{c} ")), None)
        if column is not None:
            why, cells = reason.removeprefix(f"{column} "), raw.loc[reasons == reason, column]
            told.append(cure_of(column, why, cells, table, params))
    raise TableError(
        f"{int(bad.sum()):,} of {len(bad):,} rows of the table ({bad.mean():.2%}) cannot be used, "
        f"more than source.max_quarantined ({params.max_quarantined:.0%}). "
        + " ".join(text for text in told if text)
        + " Mend the file, or raise source.max_quarantined."
    )


def _distinct(reasons: "pd.Series[str]") -> list[str]:
    return [str(reason) for reason in reasons.value_counts().index]


def _example(raw: pd.DataFrame, reasons: "pd.Series[str]", reason: str) -> str:
    rows = reasons[reasons == reason].index
    column = next((c for c in raw.columns if reason.startswith(f"{c} ")), None)
    cell = None if column is None else raw.loc[rows[0], column]
    value = "" if cell is None or pd.isna(cell) else f', "{cell}"'
    # Row numbers count the header, as a spreadsheet shows them.
    return f"{len(rows):,} rows: {reason} (first: row {rows[0] + 2}{value})."


def _as_read(column: str, role: str, text: str, rows: int) -> Note:
    return Note(
        "read_as",
        "advice",
        column,
        rows,
        text,
        f"If that is wrong, say how with source.derive.table.{column} (source.{role} names it).",
    )
