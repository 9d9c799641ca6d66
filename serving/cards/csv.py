"""The list as CSV: for programs, and in the form that Excel expects in a language.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, so that nothing that
a customer typed into a name is ever computed (OWASP, CSV injection). Which character separates
columns is decided by the spreadsheet's own country: a semicolon within a name starts a new cell
there, quotes around it or not, and so what follows either separator gets its apostrophe too.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from serving.cards.action_words import NO_WORDS, Words, action_name, talking_points
from serving.cards.card import ScoreCard
from serving.cards.fields import ALWAYS
from serving.cards.marks import Csv
from serving.cards.parts import (
    Schema,
)
from serving.cards.stored import Card
from serving.cards.worded import strongest_reason, worded
from serving.wording.languages import Language
from serving.wording.sentences import field_label, label, sentence

FORMULA = r"[=+\-@|%＝＋－＠]"
AT_THE_START = re.compile(rf'[\t\r\n]|["\s]*{FORMULA}')
AFTER_A_SEPARATOR = re.compile(rf'([;,\t\r\n]["\s]*)(?={FORMULA})')
HARMLESS = re.compile(r"\w[\w .:-]*")  # neither a formula nor a separator in it
QUOTED = re.compile(r'[",;\t\r\n]')


@dataclass(frozen=True)
class Column:
    """A column of the CSV: its name, where the card has its value, and the marks of the field."""

    name: str
    path: tuple[str, ...]
    place: int
    words: str | None

    @property
    def is_derived(self) -> bool:
        """Whether it is a part of the card, or computed from one, and not a field of its own."""
        return self.path != (self.name,)


def columns_of(schema: type[Schema], around: tuple[str, ...] = ()) -> list[Column]:
    """The columns for which the fields of a schema, and of the schemas in it, have marks."""
    found = []
    for field, info in schema.model_fields.items():
        path = (*around, field)
        for mark in info.metadata:
            if isinstance(mark, Csv):
                found.append(Column(mark.name or field, path, mark.place, mark.words))
        for part in get_args(info.annotation):
            if isinstance(part, type) and issubclass(part, Schema):
                found += columns_of(part, path)
    return sorted(found, key=lambda column: column.place)


COLUMNS = {column.name: column for column in columns_of(ScoreCard)}


def csv_lines(
    cards: Iterable[Card],
    language: Language,
    for_excel: bool,
    fields: Sequence[str] = (),
    words: Words = NO_WORDS,
) -> Iterator[str]:
    """Lines of CSV, heading first; unknown values are empty. `fields`: empty means all,
    `words` are those of the cards' release.

    For Excel: a byte order mark, headings and codes in words, and in Russian the semicolon and
    decimal comma, without which Excel there would read a single column, and dates instead of
    numbers.
    """
    is_comma = for_excel and language == "ru"
    columns = columns_in(fields)
    heading = [title_of(name, language) for name in columns] if for_excel else list(columns)
    separator, end = ";" if is_comma else ",", "\r\n"
    yield ("\ufeff" if for_excel else "") + separator.join(map(_quoted, heading)) + end
    for card in cards:
        told = told_in_csv(card, words, language)
        row = {name: value_of(told, column) for name, column in columns.items()}
        if for_excel:
            row = {name: in_words(name, value, language) for name, value in row.items()}
        yield separator.join([_cell(value, is_comma) for value in row.values()]) + end


def row_of(values: Iterable[Any]) -> str:
    """A line of CSV for programs, of values of any kind."""
    return ",".join([_cell(value, is_comma=False) for value in values]) + "\r\n"


def columns_in(fields: Sequence[str]) -> dict[str, Column]:
    """The columns that these fields of the card fill, all where none is named."""
    wanted = {ALWAYS, *fields}
    return {name: one for name, one in COLUMNS.items() if not fields or one.path[0] in wanted}


def fields_of_columns(fields: Sequence[str]) -> frozenset[str]:
    """The fields of the card that these columns are made of."""
    return frozenset(column.path[0] for column in columns_in(fields).values())


def told_in_csv(card: Card, words: Words, language: Language) -> Card:
    """The card with the sentences that have a column: its strongest reason, and of its action."""
    told = {**card}
    strongest = strongest_reason(card) if "reasons" in card else None
    if strongest is not None:
        told |= worded({"reasons": [strongest]}, words, language)
    action = card.get("intended_action")
    if action is not None:
        own = action["action_id"]
        told["intended_action"] = {
            **action,
            "name": action_name(own, words.actions, language),
            "talking_points": talking_points(own, told, words, language),
        }
    return told


def value_of(card: Card, column: Column) -> Any:
    """The value of a column, before it becomes text; of a card with its sentences."""
    if column.name == "reason":
        reason = strongest_reason(card)
        return reason and reason["sentence"]
    value: Any = card[column.path[0]]
    for part in column.path[1:]:
        value = None if value is None else value.get(part)
    return _listed(value) if isinstance(value, list) else value


def _listed(values: list[Any]) -> str:
    """Sentences, or categories, likeliest first; how likely they are is in the JSON only."""
    if all(isinstance(value, str) for value in values):
        return " ".join(values)
    return "; ".join(value["category"] for value in values)


def title_of(name: str, language: Language) -> str:
    """The heading of a column in words."""
    is_derived = COLUMNS[name].is_derived
    return label(f"column.{name}", language) if is_derived else field_label(name, language)


def in_words(name: str, value: Any, language: Language) -> Any:
    """The value of a column as people read it: codes in words, numbers to four digits."""
    if isinstance(value, bool):
        return sentence("yes" if value else "no", language)
    if isinstance(value, float):
        return round(value, 4)
    words = COLUMNS[name].words
    if words is not None and value is not None:
        return label(f"{words}.{value}", language)
    return value


def _cell(value: Any, is_comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and is_comma:
        return _quoted(str(value).replace(".", ","))
    return str(value)


def _text(text: str) -> str:
    if HARMLESS.fullmatch(text):  # nearly all are codes and days
        return text
    safe = AFTER_A_SEPARATOR.sub(r"\1'", text)
    return _quoted(f"'{safe}" if AT_THE_START.match(text) else safe)


def _quoted(cell: str) -> str:
    """A cell as RFC 4180 has it, with quotes around one that holds either separator."""
    return '"' + cell.replace('"', '""') + '"' if QUOTED.search(cell) else cell
