"""The list as a workbook: the same columns as the CSV, with dates, money and shares as such.

Rows are written one by one into a file and forgotten, so that a million need no more memory than
one. Texts are texts, whatever they begin with: no cell is ever a formula or a link.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from xlsxwriter import Workbook

from serving.cards.action_words import NO_WORDS, Words
from serving.cards.card import ScoreCard
from serving.cards.csv import Column, columns_in, in_words, title_of, told_in_csv, value_of
from serving.cards.stored import Card
from serving.wording.languages import Language
from serving.wording.sentences import sentence

ROWS = 1_048_575  # that a sheet of Excel takes below its heading
PIECE = 65_536
SHARES = ("churn_risk", "second_purchase_probability", "return_probability")
CHANCES = ("propensity", "action_propensity", "contact_propensity")
MONEY = (
    "value_at_risk",
    "expected_value",
    "expected_spend",
    "expected_cost",
    "expected_gain",
    "value_if_returns",
    "value_if_stays_away",
)
PLAIN = {  # texts stay texts
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}


def workbook(
    cards: Iterable[Card],
    language: Language,
    fields: Sequence[str] = (),
    words: Words = NO_WORDS,
) -> Iterator[bytes]:
    """The bytes of a workbook of these cards; arguments as of `csv_lines`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        _write(path, cards, language, (columns_in(fields), words))
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


def _write(
    path: Path,
    cards: Iterable[Card],
    language: Language,
    told: tuple[dict[str, Column], Words],
) -> None:
    columns, words = told
    book = Workbook(str(path), {**PLAIN, "tmpdir": str(path.parent)})
    heading = book.add_format({"bold": True})
    formats = {
        name: book.add_format({"num_format": _format(c, words)}) for name, c in columns.items()
    }
    sheet, row = None, 0
    for card in cards:
        if sheet is None or row == ROWS:
            sheet, row = _sheet(book, heading, columns, language), 0
        row += 1
        its = told_in_csv(card, words, language)
        for place, (name, column) in enumerate(columns.items()):
            _put(
                sheet, (row, place), in_words(name, value_of(its, column), language), formats[name]
            )
    if sheet is None:
        _sheet(book, heading, columns, language)
    book.close()


def _sheet(book: Any, heading: Any, columns: dict[str, Column], language: Language) -> Any:
    title = sentence("page.title", language)[:28]
    number = len(book.worksheets())
    sheet = book.add_worksheet(title if number == 0 else f"{title} {number + 1}")
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, len(columns) - 1, 16)
    for place, name in enumerate(columns):
        sheet.write_string(0, place, title_of(name, language), heading)
    return sheet


def _put(sheet: Any, at: tuple[int, int], value: Any, form: Any) -> None:
    """A value as its kind; a day is one only where the column holds days."""
    if value is None:
        return
    if isinstance(value, str):
        if form.num_format == DAY:
            sheet.write_datetime(*at, dt.datetime.fromisoformat(value), form)
        else:
            sheet.write_string(*at, value)
    else:
        sheet.write_number(*at, value, form)


DAY = "yyyy-mm-dd"


def _format(column: Column, words: Words) -> str:
    """How Excel shows the values of a column."""
    if column.name in MONEY:
        return f'#,##0.00 "{words.currency}"' if words.currency else "#,##0.00"
    if column.name in SHARES:
        return "0.0%"
    if column.name in CHANCES:
        return "0.0000"
    return DAY if dt.date in _kinds(column) else "General"


def _kinds(column: Column) -> tuple[Any, ...]:
    """The types that the values of a column have."""
    schema: Any = ScoreCard
    annotation: Any = None
    for name in column.path:
        annotation = schema.model_fields[name].annotation
        schema = next(
            (part for part in get_args(annotation) if hasattr(part, "model_fields")), None
        )
        if schema is None:
            break
    return get_args(annotation) or (annotation,)
