"""A raw table in; the checked rows, the quarantined rows and the counts out.

rows in = rows kept + rows quarantined + duplicates + guests        (nothing is lost)
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pandera.pandas as pa

from sources.errors import TableError
from sources.params import SourceParams
from sources.tables import NUMBER, TABLES, TEXT, TIME, YESNO, Table

TRUE_WORDS = {"true", "t", "yes", "y", "1", "1.0"}
FALSE_WORDS = {"false", "f", "no", "n", "0", "0.0"}
GUESTS = ("orders", "events")  # purchases and visits of people who did not say who they are
LARGEST = 1e18  # sums of it stay exact; no amount of money or goods is larger
ZONED = r"[T ].*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$"  # a time of day that carries its own offset
CURES = {
    "is not a date": "Dates must be ISO (2017-11-15 09:30); write others with source.derive, for "
    "example event_time: try_strptime(InvoiceDate, '%m/%d/%Y %H:%M').",
    "is not a number": "Numbers are written 1234.5; write others with source.derive, for example "
    "amount: try_cast(replace(price, ',', '.') AS DOUBLE).",
}


@dataclass(frozen=True)
class Checked:
    """One checked table. `quarantine` holds the raw rows with a column `reason`.

    `made_of` says what its rows were made of where the source does not have the table.
    """

    rows: pd.DataFrame
    quarantine: pd.DataFrame
    counts: dict[str, int]
    ignored_columns: tuple[str, ...]
    findings: tuple[str, ...]
    made_of: str = ""


def check_table(raw: pd.DataFrame, table: Table, params: SourceParams) -> Checked:
    """Bring a raw table into the contract's types and set aside what does not fit.

    Raises TableError when the table is empty, a required column is missing, no row has a customer,
    or more than `source.max_quarantined` of the rows with a customer would be quarantined.
    """
    _refuse_empty_or_incomplete(raw, table)
    raw = raw.reset_index(drop=True)
    known = [c for c in raw.columns if c in table.columns or table.open_ended]
    rows = pd.DataFrame({c: _typed(raw[c], table.columns.get(c), params.timezone) for c in known})
    guests = _guests(rows, table)
    reasons = _unreadable(raw, rows, table)
    reasons = reasons.where(reasons != "", _breaches(rows, table))
    reasons[guests] = ""
    duplicates = pd.Series(data=False, index=rows.index)
    candidates = ~guests & (reasons == "")
    if table.name in params.drop_repeated_rows:
        duplicates |= candidates & rows[candidates].duplicated().reindex(
            rows.index, fill_value=False
        )
    rows = _with_position(rows, table, candidates & ~duplicates)
    same, conflict = _repeats(rows, table, candidates & ~duplicates)
    duplicates |= same
    reasons[conflict] = f"another row has the same {' + '.join(table.key)} and different content"
    bad = reasons != ""
    _refuse_too_many(raw, reasons, guests, table, params)
    kept = ~guests & ~bad & ~duplicates
    if not kept.any():
        raise TableError(
            f"{table.name}: none of the {len(raw):,} rows is left, "
            f"{int(bad.sum()):,} cannot be used and {int(duplicates.sum()):,} repeat others: "
            + " ".join(_example(raw, reasons, reason) for reason in _distinct(reasons[bad]))
            + " Mend the file."
        )
    counts = {
        "rows_in": len(raw),
        "kept": int(kept.sum()),
        "quarantined": int(bad.sum()),
        "duplicates": int(duplicates.sum()),
        "guests": int(guests.sum()),
    }
    return Checked(
        rows=rows[kept].reset_index(drop=True),
        quarantine=raw[bad].assign(reason=reasons[bad]).reset_index(drop=True),
        counts=counts,
        ignored_columns=tuple(c for c in raw.columns if c not in known),
        findings=tuple(_example(raw, reasons, reason) for reason in _distinct(reasons[bad])),
    )


def check_tables(raw: dict[str, pd.DataFrame], params: SourceParams) -> dict[str, Checked]:
    """Every table the source has, checked; the names are those of the contract."""
    return {name: check_table(frame, TABLES[name], params) for name, frame in raw.items()}


def _refuse_empty_or_incomplete(raw: pd.DataFrame, table: Table) -> None:
    for column in table.required:
        if column not in raw.columns:
            near = get_close_matches(column, [str(c) for c in raw.columns], 1, cutoff=0.4)
            hint = f" Nearest: {near[0]}." if near else ""
            raise TableError(
                f"{table.name} has no column {column}. It has: "
                f"{', '.join(str(c) for c in raw.columns)}.{hint} Rename it with "
                f"source.columns.{table.name}.{column} in params.yaml."
            )
    if raw.empty:
        raise TableError(f"{table.name} has a header but no rows. Export it again.")


def _typed(column: pd.Series, kind: str | None, timezone: str) -> pd.Series:
    if kind == TIME:
        return _times(column, timezone)
    if kind == NUMBER:
        return pd.to_numeric(column, errors="coerce").astype("float64")
    if kind == YESNO:
        words = column.astype("str").str.strip().str.lower()
        return words.map(
            dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False)
        ).astype("boolean")
    if kind == TEXT or column.dtype == object:
        return texts(column)
    return column


def texts(column: pd.Series) -> pd.Series:
    """A column as text, trimmed; empty cells are missing."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")  # an id column with gaps arrives as 17850.0
    text = column.astype("string").str.strip()
    return text.mask(text == "").astype("str")


def _times(column: pd.Series, timezone: str) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        return _utc(column, timezone)
    if pd.api.types.is_numeric_dtype(column):
        never = pd.Series(pd.NaT, index=column.index)  # 20170101 or epoch seconds: never guessed
        return never.astype("datetime64[us]")
    text = column.astype("str").str.strip()
    zoned = text.str.contains(ZONED, na=False)
    naive = pd.to_datetime(text.mask(zoned), format="ISO8601", errors="coerce")
    own = pd.to_datetime(text.where(zoned), format="ISO8601", errors="coerce", utc=True)
    return _utc(naive, timezone).where(~zoned, _utc(own, timezone))


def _utc(times: pd.Series, timezone: str) -> pd.Series:
    """Times in UTC, without saying so; a time without a zone is one of `timezone`."""
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        # An hour that a clock change skips or repeats has no one UTC time: not guessed.
        times = times.astype("datetime64[us]").dt.tz_localize(
            ZoneInfo(timezone), ambiguous="NaT", nonexistent="NaT"
        )
    utc: pd.Series = times.dt.tz_convert(UTC).dt.tz_localize(None).astype("datetime64[us]")
    return utc


def _guests(rows: pd.DataFrame, table: Table) -> "pd.Series[bool]":
    if table.name not in GUESTS:
        return pd.Series(data=False, index=rows.index)
    return rows["customer_id"].isna()


def _unreadable(raw: pd.DataFrame, rows: pd.DataFrame, table: Table) -> "pd.Series[str]":
    """Cells that hold something which the column's type cannot hold."""
    words = {TIME: "is not a date", NUMBER: "is not a number", YESNO: "is not yes or no"}
    reasons = pd.Series("", index=rows.index, dtype="str")
    for column in rows.columns:
        kind = table.columns.get(column)
        if kind not in words:
            continue
        filled = raw[column].notna() & (raw[column].astype("str").str.strip() != "")
        broken = filled & rows[column].isna() & (reasons == "")
        reasons[broken] = f"{column} {words[kind]}"
    return reasons


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
                checks=_checks(table.columns.get(column)),
            )
            for column in present
        },
        strict=True,
    )


def _checks(kind: str | None) -> list[pa.Check]:
    if kind == TIME:
        latest = datetime.now(UTC).replace(tzinfo=None)
        return [
            pa.Check.lt(latest, error="is in the future"),
            pa.Check.ge(datetime(1970, 1, 1), error="is before 1970"),  # noqa: DTZ001
        ]
    if kind == NUMBER:
        return [pa.Check(lambda s: np.abs(s) < LARGEST, error="is too large to be true")]
    return []


def _words(check: Any) -> str:
    return "is missing" if check == "not_nullable" else str(check)


def _with_position(rows: pd.DataFrame, table: Table, of: "pd.Series[bool]") -> pd.DataFrame:
    """Without a `line_id`, a row's position among those of its key is its line."""
    if "line_id" not in table.key or ("line_id" in rows and rows["line_id"].notna().all()):
        return rows
    key = [c for c in table.key if c != "line_id"]
    count = rows[of].groupby(key, sort=False).cumcount() + 1
    position = count.reindex(rows.index, fill_value=0).astype("str")
    if "line_id" not in rows:
        return rows.assign(line_id=position)
    # A position is not to be taken for one of the line ids that other rows have.
    return rows.assign(line_id=rows["line_id"].where(rows["line_id"].notna(), "#" + position))


def _repeats(
    rows: pd.DataFrame, table: Table, of: "pd.Series[bool]"
) -> tuple["pd.Series[bool]", "pd.Series[bool]"]:
    """Rows repeated to the letter (all but the first), and rows whose key has several contents."""
    never = pd.Series(data=False, index=rows.index)
    key = [c for c in table.key if c in rows.columns]
    candidates = rows[of]
    shared = candidates.duplicated(key, keep=False)
    if not shared.any():
        return never, never
    suspects = candidates[shared]
    first = ~suspects.duplicated()
    # The repeats of a row that clashes with another are as doubtful as the row itself.
    clash = first.groupby([suspects[c] for c in key], dropna=False).transform("sum") > 1
    same = ~first & ~clash
    return same.reindex(rows.index, fill_value=False), clash.reindex(rows.index, fill_value=False)


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
            f"apart. Map the right column with source.columns.{table.name}.customer_id in "
            "params.yaml, or export the file with its customers."
        )
    bad = reasons[~guests] != ""
    share = bad.mean()
    if share <= params.max_quarantined and not bad.all():
        return
    distinct = _distinct(reasons[reasons != ""])
    examples = " ".join(_example(raw, reasons, reason) for reason in distinct)
    cures = [cure for words, cure in CURES.items() if any(words in reason for reason in distinct)]
    raise TableError(
        f"{table.name}: {int(bad.sum()):,} of {len(bad):,} rows ({share:.2%}) cannot be used, more "
        f"than source.max_quarantined ({params.max_quarantined:.0%}). "
        + " ".join([examples, *cures, "Mend the file, or raise source.max_quarantined."])
    )


def _distinct(reasons: "pd.Series[str]") -> list[str]:
    return [str(reason) for reason in reasons.value_counts().index]


def _example(raw: pd.DataFrame, reasons: "pd.Series[str]", reason: str) -> str:
    rows = reasons[reasons == reason].index
    column = reason.split(" ", 1)[0]
    value = f', "{raw.loc[rows[0], column]}"' if column in raw.columns else ""
    # Row numbers count the header, as a spreadsheet shows them.
    return f"{len(rows):,} rows: {reason} (first: row {rows[0] + 2}{value})."
