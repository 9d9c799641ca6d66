"""The line for params.yaml that takes the number out of cells with other text.

"495 р. 60 коп."    495.60    two sums in one cell: one number is made of them
"about 12.5 units"  12.5      the one number that there is
"1.5 тыс.", "3 x 5" no line   the first digits taken out would be another number

A line changes only the cells that it is about: those that can be read already stay as they are.
"""

import re

import pandas as pd

from sources.contract import Table
from sources.cures import literal, own, pasted
from sources.params import SourceParams
from sources.written.currencies import named_currencies
from sources.written.numbers import MONEY

WRITTEN = (
    "Numbers are written 1234.56, 1 234,56 or 1,234.56, with or without a currency; export the "
    "column so."
)
# As DuckDB and Python both read them, and without braces, which lines of YAML are full of.
MAIN = rf"{MONEY.pattern}|рубл[а-яё]*"
HUNDREDTHS = r"коп[а-яё]*|к|cents?|ct|c|¢|pence|p|gr|groszy|тиын|тыйын|kuruş|hal"
WHOLE = r"(?i)^\s*(-?[0-9](?:[^0-9a-zа-яё.,()%]?[0-9])*)\s*"
TWO_SUMS = re.compile(rf"{WHOLE}({MAIN})[.,]?\s*([0-9][0-9]?)\s*({HUNDREDTHS})[.]?\s*$")
NUMERIC = "0-9,()'’%−–—-"  # beside a number these are a part of it, or make it another one
ONE_NUMBER = (
    rf"(?i)^\s*(-?)(?:[^{NUMERIC}]*[^a-zа-яё.{NUMERIC}])?([0-9]+(?:[.][0-9]+)?)"
    rf"(?:[^.{NUMERIC}][^{NUMERIC}]*)?$"
)
MULTIPLE = re.compile(  # words with which a number stands for another
    r"(?<![^\W\d_])(?:k|m|mm|bn|mio|mln|mrd|tsd|thsd|thousands?|millions?|billions?|hundreds?|"
    r"dozens?|pairs?|cents?|ct|pence|к|т|тыс|тысяч[а-я]*|млн|миллион[а-я]*|млрд|миллиард[а-я]*|"
    r"сот[а-я]*|сотен|дюжин[а-я]*|коп|копе[а-я]*|minus|минус)(?![^\W\d_])",
    re.IGNORECASE,
)
CURRENCY = re.compile(rf"(?<![^\W\d_])(?:{MONEY.pattern})(?![^\W\d_])", re.IGNORECASE)
DOUBTFUL = re.compile(r"(?<!\d)[1-9]\d{0,2}\.\d{3}(?!\d)")  # three decimals, or thousands


def number_cure(cells: pd.Series, column: str, table: Table, params: SourceParams) -> str:
    """How to read these cells, which are no numbers; without a line where none is sure."""
    texts = cells.astype("str").str.strip()
    counted = [str(text) for text in texts.unique() if re.search(r"\d", str(text))]
    name = f"CAST({own(column, table, params)} AS VARCHAR)"
    marks = pd.Series([mark for text in counted for mark in CURRENCY.findall(text)], dtype="str")
    if named_currencies(marks).nunique() > 1:
        return WRITTEN  # a line that takes the marks off would hide that they are several
    two_sums = [match for text in counted if (match := TWO_SUMS.search(text))]
    if counted and len(two_sums) == len(counted):
        short, long = (_two_sums(two_sums, digits) for digits in ("[0-9]", "[0-9][0-9]"))
        form = _replaced(_replaced(name, short, r"\1.0\2"), long, r"\1.\2")
        advice = "If two sums stand in one cell, make one number of them"
    elif counted and all(map(_is_one_number, counted)):
        form = _replaced(name, ONE_NUMBER, r"\1\2")
        advice = "If the words beside it change nothing, take out the number"
    else:
        return WRITTEN
    line = pasted("derive", {table.name: {column: form}}, params)
    return f"{WRITTEN} {advice}; in params.yaml, below source: {line}"


def _two_sums(found: "list[re.Match[str]]", digits: str) -> str:
    """The pattern of two sums in one cell, with those words alone that the cells hold."""
    main, hundredths = (
        "|".join(sorted({re.escape(match[n].lower().rstrip(".")) for match in found}))
        for n in (2, 4)
    )
    return rf"{WHOLE}(?:{main})[.,]*\s*({digits})\s*(?:{hundredths})[.]?\s*$"


def _is_one_number(text: str) -> bool:
    return bool(
        re.search(ONE_NUMBER, text) and not MULTIPLE.search(text) and not DOUBTFUL.search(text)
    )


def _replaced(name: str, pattern: str, by: str) -> str:
    return f"regexp_replace({name}, {literal(pattern)}, {literal(by)})"
