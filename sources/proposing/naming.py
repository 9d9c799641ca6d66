"""How surely a column's name tells what it means, by the vocabulary of column names."""

from functools import cache

from sources.meanings.column_names import COLUMN_NAMES, NOT_IN_NAMES, WORDS_IN_NAMES
from sources.meanings.currencies import MONEY_COLUMNS
from sources.meanings.other_names import OTHER_NAMES, in_latin
from sources.written.currencies import without_currency

WHOLE, LEAST_WHOLE = 1.0, 0.7  # by the first and by the last name of the vocabulary
IN_PART = 0.6  # by a name of the vocabulary with a word behind it: "дата создания сделки"
LONG = 9  # letters from which on a name may be a part of one
BY_WORD = 0.4  # by a word in the name
SHORTEST_IN_LATIN = 4  # letters: "no" and "id" are English


def by_name(column: str, meaning: str, table: str = "") -> float:
    """0 (says nothing) to 1 (one of the likeliest names) for a meaning.

    `meaning` is a column of a table of the contract, or without `table` one of OTHER_NAMES.
    """
    if meaning in MONEY_COLUMNS:
        column = without_currency(column)
    places = _places(meaning, table)
    place = places.get(in_latin(column))
    if place is not None:
        return WHOLE - (WHOLE - LEAST_WHOLE) * place / len(places)
    if _begins(in_latin(column), tuple(places)) and not _is_denied(column, meaning):
        return IN_PART
    shows = WORDS_IN_NAMES.get(meaning)
    if table and shows and shows.search(_lower(column)) and not _is_denied(column, meaning):
        return BY_WORD
    return 0.0


def _begins(name: str, known: tuple[str, ...]) -> bool:
    return any(len(part) >= LONG and name.startswith(part) for part in known)


def _is_denied(column: str, meaning: str) -> bool:
    denies = NOT_IN_NAMES.get(meaning)
    return bool(denies and denies.search(_lower(column)))


def _lower(column: str) -> str:
    return column.lower().replace("ё", "е")


@cache
def _places(meaning: str, table: str) -> dict[str, int]:
    names = COLUMN_NAMES[table].get(meaning, ()) if table else OTHER_NAMES[meaning]
    places: dict[str, int] = {}
    for place, name in enumerate((meaning, *names)):
        places.setdefault(in_latin(name), place)
    return places
