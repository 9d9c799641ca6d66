"""Days that are known beforehand: the company's own table `calendar`, and public holidays.

`source.calendar` names a file with one row a day: date, kind (closure, promotion, or another word),
and, where it is known, what is expected of the day beside a usual one (`expected`: 0 nothing, 2
twice as much) and since when the day was planned (`known_at`). `source.country` adds the public
holidays of a country, from the package `holidays`; days of `source.known_gaps` are closures.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from core.errors import SourceError, TableError
from sources.contract import ABOVE, CALENDAR
from sources.formats.opening import Address
from sources.kinds.files import read_address
from sources.meanings.column_names import KNOWN_AT, plain_name
from sources.meanings.vocabulary import known_word
from sources.params import SourceParams
from sources.tables.cells import read_cells

HOLIDAY, CLOSURE = "holiday", "closure"
NAMES = {  # what its columns are called too, the likeliest first
    "date": ("day", "дата", "день"),
    "kind": ("type", "event", "вид", "тип", "вид дня", "тип дня", "событие"),
    "expected": ("factor", "level", "multiplier", "ожидание", "ожидается", "коэффициент"),
    "known_at": (*KNOWN_AT, "planned_at", "known since", "известно с", "запланировано"),
}
COLUMNS = ("day", "kind", "expected", "known_day")
ALWAYS = 0  # days since 1970-01-01: a day that was known before all data
YEARS_AHEAD = 3
MOST_EXPECTED = 100.0  # times a usual day


def calendar_file(params: SourceParams) -> Path | None:
    """The file of `source.calendar`; SourceError where it is not there."""
    if params.calendar is None:
        return None
    path = Path(params.calendar).expanduser()
    if not path.is_file():
        raise SourceError(
            f"source.calendar in params.yaml names {params.calendar}, which is not a file. Paths "
            "are relative to the project's folder; without such a table set it to null."
        )
    return path


def known_days(params: SourceParams, years: Sequence[int]) -> pd.DataFrame:
    """day, kind, expected and known_day, one row a day and kind, sorted.

    Days are counted from 1970-01-01; `expected` is empty where nothing is. Holidays are those of
    `years` and of a few later ones. Raises SourceError for a file that is not there, and TableError
    for one that does not say what it should.
    """
    found = [_own(params), _gaps(params), _holidays(params.country, years)]
    rows = pd.concat([part for part in found if len(part)] or found[:1], ignore_index=True)
    rows = rows.drop_duplicates(["day", "kind"])  # of a closure told twice the company's own row
    return rows.sort_values(["day", "kind"], ignore_index=True)


def _holidays(country: str | None, years: Sequence[int]) -> pd.DataFrame:
    days: list[int] = []
    if country is not None and years:
        import holidays

        wanted = range(min(years), max(years) + YEARS_AHEAD + 1)
        dates = pd.DatetimeIndex(sorted(holidays.country_holidays(country, years=wanted)))
        days = _days(pd.Series(dates)).tolist()
    return _table({"day": days, "kind": HOLIDAY, "expected": float("nan"), "known_day": ALWAYS})


def _gaps(params: SourceParams) -> pd.DataFrame:
    """Days without rows for a known reason: nothing of them says how much is usually sold."""
    spans = [gap if isinstance(gap, tuple) else (gap, gap) for gap in params.known_gaps]
    dates = [pd.date_range(first, last) for first, last in spans]
    days = [day for part in dates for day in _days(pd.Series(part)).tolist()]
    return _table({"day": days, "kind": CLOSURE, "expected": 0.0, "known_day": ALWAYS})


def _own(params: SourceParams) -> pd.DataFrame:
    path = calendar_file(params)
    if path is None:
        return _table({"day": [], "kind": "", "expected": float("nan"), "known_day": ALWAYS})
    raw = read_address(Address(path.parent, path.name), CALENDAR, params)
    meant = _meant(raw)
    if meant:  # read again: cells of the columns that are meant are not to be guessed
        named = {**meant, **params.columns.get(CALENDAR.name, {})}
        params = params.model_copy(update={"columns": {**params.columns, CALENDAR.name: named}})
        raw = read_address(Address(path.parent, path.name), CALENDAR, params)
    lacking = [name for name in CALENDAR.required if name not in raw.columns]
    if lacking:
        raise TableError(
            f"{params.calendar}: {' and '.join(lacking)} not among its columns "
            f"({', '.join(map(str, raw.columns))}). A calendar has date and kind (closure, "
            "promotion …), and may have expected (0: nothing is sold, 2: twice as much as usual). "
            "If its columns have other names, say which is which below source in params.yaml: "
            "columns: {calendar: {date: Day, kind: What}}."
        )
    given = raw[[name for name in CALENDAR.columns if name in raw.columns]]
    rows, reasons, _ = read_cells(given, CALENDAR, params)
    _refuse(params, raw, rows, reasons)
    known = _days(rows["known_at"]) if "known_at" in rows else pd.Series(ALWAYS, index=rows.index)
    expected = rows["expected"] if "expected" in rows else float("nan")
    kind = rows["kind"].map(lambda told: known_word(CALENDAR.name, "kind", told))
    table = _table(
        {
            "day": _days(rows["date"]),
            "kind": kind,
            "expected": expected,
            "known_day": known.fillna(ALWAYS),
        }
    )
    _refuse_two_figures(params, table)
    # A row that is there twice counts since it was first known.
    return table.sort_values(["day", "kind", "known_day"], kind="stable", ignore_index=True)


def _refuse_two_figures(params: SourceParams, table: pd.DataFrame) -> None:
    """Raise TableError where a day is told twice as the same kind, and not the same is expected."""
    told = table.drop_duplicates(["day", "kind", "expected"])
    twice = told[told.duplicated(["day", "kind"])]
    if len(twice):
        first = twice.iloc[0]
        date = pd.Timestamp(0) + pd.Timedelta(days=int(first["day"]))
        raise TableError(
            f"{params.calendar}: on {len(twice):,} days two rows of one kind expect different "
            f"figures (first: {date:%Y-%m-%d}, {first['kind']}). Keep the row that holds, or give "
            "them kinds of their own."
        )


def _meant(raw: pd.DataFrame) -> dict[str, str]:
    """Which of its columns, under another name, are those of the contract that are not there."""
    there = {plain_name(str(name)): str(name) for name in raw.columns}
    lacking = [column for column in CALENDAR.columns if column not in raw.columns]
    found = {
        column: [there[plain_name(way)] for way in NAMES[column] if plain_name(way) in there]
        for column in lacking
    }
    return {column: ways[0] for column, ways in found.items() if ways}


def _refuse(
    params: SourceParams, raw: pd.DataFrame, rows: pd.DataFrame, reasons: "pd.Series[str]"
) -> None:
    """Raise TableError for cells that cannot be read: of so few rows none is left out."""
    for name in CALENDAR.required:
        reasons = reasons.where((reasons != "") | rows[name].notna(), f"{name} is missing")
    if "expected" in rows:
        told = rows["expected"]
        wrong = told.notna() & ~told.between(0, MOST_EXPECTED)
        why = f"expected is not between 0 and {MOST_EXPECTED:.0f}"
        reasons = reasons.where((reasons != "") | ~wrong, why)
    bad = reasons[reasons != ""]
    if len(bad):
        row = int(bad.index[0]) + 2 + int(raw.attrs.get(ABOVE, 0))
        raise TableError(
            f"{params.calendar}: {len(bad):,} of {len(rows):,} rows cannot be used (first: row "
            f"{row}, {bad.iloc[0]}). Mend the file: it has one row for each day."
        )


def _days(times: pd.Series) -> pd.Series:
    return (times - pd.Timestamp(0)).dt.days


def _table(columns: dict[str, object]) -> pd.DataFrame:
    rows = pd.DataFrame(columns)[list(COLUMNS)]
    return rows.astype({"day": "int64", "kind": "str", "expected": "float64", "known_day": "int64"})
