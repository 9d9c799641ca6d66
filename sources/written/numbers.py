"""Numbers as people write them; all cells of a column together show its notation.

    1 234,56   1.234,56   1'234.56   1,234.56   (12.50)   12.50-   12.—   ₽ 12,50   12,50 руб.   50%

Whether a comma or a point stands before the decimals is shown by the cells that can be read in one
way only ("12,5", "1.234,56", "1,234,567"). Where no cell explains a comma ("1,234" throughout), or
a point among whole numbers below 1,000 ("495", "1.791"), params.yaml has to tell: `source.numbers:
{orders: {amount: "1,234.56"}}`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sources.written.reading import HowRead, Reading, filled, no_reasons, shown

Mark = Literal[".", ","]

NOT_A_NUMBER = "is not a number"
UNMARKED, UNMARKED_POINT = (
    f"{NOT_A_NUMBER}: whether the {mark} stands before decimals the column does not show"
    for mark in ("comma", "point")
)
SPACES = " \u00a0\u2007\u2009\u202f'’"  # between groups of digits
MINUS = "-−–"
CODES = (
    "usd|eur|euro|gbp|chf|jpy|cny|rub|rur|uah|byn|kzt|uzs|amd|gel|azn|kgs|mdl|pln|czk|huf|ron|bgn|"
    "rsd|try|sek|nok|dkk|isk|ils|aed|sar|qar|kwd|bhd|egp|mad|tnd|zar|ngn|kes|inr|pkr|bdt|idr|myr|"
    "sgd|thb|vnd|php|krw|hkd|twd|aud|nzd|cad|mxn|brl|ars|clp|cop|pen|рублей|руб|р|грн|тг|лв|zł|kč|"
    "ft|lei|kr|fr|rs"
)
MONEY = re.compile(rf"r\$|(?:{CODES})\.?|[₽$€£¥₴₸₺₹₩₪₫₦฿¢₾֏₼]", re.IGNORECASE)
MONEY_LAST = re.compile(rf"(?:{MONEY.pattern})$", re.IGNORECASE)
WHOLE = re.compile(r"(?<=\d[.,])\s*[-−–—]{1,2}$")  # a price without cents: 1'791.— or 12,-
NUMBER = re.compile(r"\d[\d.,]*|[.,]\d+")
GROUPED = {  # digits in groups of three, or as in India, by the mark before decimals
    ".": re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?|\d*(?:\.\d*)?"),
    ",": re.compile(r"\d{1,3}(?:\.\d{2,3})*\.\d{3}(?:,\d*)?|\d*(?:,\d*)?"),
}
SPACED = re.compile(rf"\d{{1,3}}(?:[{SPACES}]\d{{3}})+(?:[.,]\d*)?")
PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")  # also a number with three decimals
BELOW_THOUSAND = re.compile(r"[+-]?(?:0|[1-9]\d{0,2})")
MOST_DOUBTED = 0.01  # share of the telling cells that tell otherwise and are taken for mistakes
MANY = 20  # numbers with three digits after the point in all of a column: thousands, it may be
FEW = 3  # from so many on it is no chance that beside whole numbers all have three digits there
EMPTY = {*MINUS, "—"}  # how sheets write that there is nothing


def marks(columns: Mapping[str, pd.Series], declared: Mapping[str, str]) -> dict[str, Mark]:
    """The decimal mark of columns whose cells do not show it: declared, or that of other columns.

    One system writes all columns of a table: where sums are "1 053,00", a quantity of "3,000" is 3.
    """
    found: dict[str, Mark] = {}
    for name, example in declared.items():
        if mark := decimal_mark([(example, 1)]):
            found[name] = mark
    own = {name: _first_told(column) for name, column in columns.items() if name not in found}
    others = {mark for mark in (*found.values(), *own.values()) if mark}
    if len(others) == 1:
        found |= dict.fromkeys((name for name, mark in own.items() if not mark), *others)
    return found


def _first_told(column: pd.Series) -> Mark | None:
    """The mark shown by the first cell that can be read in one way only."""
    if not _is_text(column):
        return None
    for text in map(str, column.dropna().unique()):
        parts = _parts(text) if "." in text or "," in text else None
        mark = _told_mark(parts.digits, parts.is_spaced) if parts else None
        if mark:
            return mark
    return None


def read_numbers(column: pd.Series, mark: Mark | None = None) -> Reading:
    """A column as float64; `mark` is the decimal mark where its cells do not show one."""
    if not _is_text(column):
        return Reading(pd.to_numeric(column, errors="coerce").astype("float64"), no_reasons(column))
    text = column.astype("str").str.strip().where(filled(column), "")
    codes, distinct = pd.factorize(text)
    texts = list(map(str, distinct))
    plain = _plain(texts) if mark != "," else None
    if plain is not None and (mark is not None or not _may_be_thousands(texts)):
        values = pd.Series(plain, dtype="float64").take(codes).set_axis(column.index)
        return Reading(values, no_reasons(column), _doubted(texts) if mark is None else ())
    counts = np.bincount(codes, minlength=len(texts)).tolist()
    mark = mark or decimal_mark(zip(texts, counts, strict=True))
    read = [_number(text, mark) for text in texts]
    reasons = [
        "" if number is not None or text in EMPTY or not text else _reason(text, mark)
        for text, number in zip(texts, read, strict=True)
    ]
    values = pd.Series(read, dtype="float64").take(codes).set_axis(column.index)
    why = pd.Series(reasons, dtype="str").take(codes).set_axis(column.index)
    return Reading(values, why, _as_read(texts, read, mark))


def decimal_mark(cells: Iterable[tuple[str, int]]) -> Mark | None:
    """The decimal mark that cells show (each is given with its count); None where they show none.

    A point is the decimal mark unless a cell shows otherwise: machines write it so.
    """
    counts = {".": 0, ",": 0}
    only_commas, untold = False, []
    for text, count in cells:
        parts = _parts(text)
        if parts is None:
            continue
        found = _told_mark(parts.digits, parts.is_spaced)
        if found and GROUPED[found].fullmatch(parts.digits):
            counts[found] += count
        elif not found:
            only_commas |= "," in parts.digits
            untold.append(parts.digits)
    if not any(counts.values()):
        return None if only_commas or _may_be_thousands(untold) else "."
    if min(counts.values()) > MOST_DOUBTED * sum(counts.values()):
        return None
    return "." if counts["."] > counts[","] else ","


def tells_mark(example: str) -> bool:
    """Whether a written number shows which mark stands before its decimals."""
    parts = _parts(example)
    return parts is not None and _told_mark(parts.digits, parts.is_spaced) is not None


@dataclass(frozen=True)
class _Parts:
    """A written number apart from its sign, currency and percent: digits, points and commas."""

    digits: str
    is_spaced: bool  # its groups stand apart by spaces
    factor: float


def _parts(text: str) -> _Parts | None:
    """What a text is made of; None where it is no number in any notation."""
    bare, minuses, factor = text.strip(), 0, 1.0
    if bare.startswith("(") and bare.endswith(")"):
        bare, minuses = bare[1:-1], 1
    while True:
        before = bare
        bare = WHOLE.sub("", bare.strip(SPACES))
        if bare[:1] and bare[0] in MINUS:
            bare, minuses = bare[1:], minuses + 1
        elif bare[-1:] and bare[-1] in MINUS:
            bare, minuses = bare[:-1], minuses + 1
        elif bare.startswith("+"):
            bare = bare[1:]
        elif bare.endswith("%"):
            bare, factor = bare[:-1], factor / 100
        elif at := MONEY.match(bare):
            bare = bare[at.end() :]
        elif at := MONEY_LAST.search(bare):
            bare = bare[: at.start()]
        if bare == before:
            break
    is_spaced = SPACED.fullmatch(bare) is not None
    if is_spaced:
        bare = re.sub(f"[{SPACES}]", "", bare)
    if minuses > 1 or not NUMBER.fullmatch(bare):
        return None
    return _Parts(bare, is_spaced, -factor if minuses else factor)


def _told_mark(digits: str, is_spaced: bool) -> Mark | None:
    """The mark before decimals if a number can be read in one way alone."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rindex(".") > digits.rindex(",") else ","
    mark: Mark = "." if points else ","
    other: Mark = "," if points else "."
    if points + commas > 1:
        return other
    if points + commas == 0:
        return None
    head, tail = digits.split(mark)
    is_doubtful = len(tail) == 3 and 1 <= len(head) <= 3 and not head.startswith("0")
    return None if is_doubtful and not is_spaced else mark


def _number(text: str, mark: Mark | None) -> float | None:
    parts = _parts(text)
    if parts is None:
        return float(text) if PLAIN.fullmatch(text) else None
    # Without a mark those numbers that have none can be read all the same.
    digits = parts.digits
    if mark is None:
        if "." in digits or "," in digits:
            return None
    elif not GROUPED[mark].fullmatch(digits):
        return None
    elif mark == ",":
        digits = digits.replace(".", "").replace(",", ".")
    else:
        digits = digits.replace(",", "")
    return parts.factor * float(digits)


def _reason(text: str, mark: Mark | None) -> str:
    if mark is not None or _parts(text) is None:
        return NOT_A_NUMBER
    return UNMARKED if "," in text else UNMARKED_POINT


def _may_be_thousands(texts: list[str]) -> bool:
    """Whether points may stand between thousands: beside them are whole numbers below 1,000 alone.

    Decimals have other than three digits too, or all cells have a point: 0.5, 1.250, 3.000.
    """
    pointed = [text for text in texts if "." in text]
    whole = [text for text in texts if text and "." not in text]
    return (
        len(pointed) >= FEW
        and all(THOUSANDS.fullmatch(text) for text in pointed)
        and any(text.strip("+-0") for text in whole)
        and all(BELOW_THOUSAND.fullmatch(text) for text in whole)
    )


def _plain(texts: list[str]) -> "list[float | None] | None":
    """The numbers as machines write them; None where a cell is written otherwise."""
    if not all(PLAIN.fullmatch(text) for text in texts if text):
        return None
    return [float(text) if text else None for text in texts]


def _doubted(texts: list[str]) -> tuple[HowRead, ...]:
    """Whether plain numbers may be thousands: all that have a point have three digits after it."""
    pointed = [text for text in texts if "." in text]
    if len(pointed) < MANY or not all(THOUSANDS.fullmatch(text) for text in pointed):
        return ()
    return (
        HowRead(
            "every point has three digits after it and is read as standing before decimals: ",
            examples=shown((text, float(text)) for text in pointed),
            then="; if it stands between thousands, say so with source.numbers",
        ),
    )


def _as_read(
    texts: list[str], read: "list[float | None]", mark: Mark | None
) -> tuple[HowRead, ...]:
    pairs = [
        (text, f"{number:.12g}")
        for text, number in zip(texts, read, strict=True)
        if number is not None and not (PLAIN.fullmatch(text) and float(text) == number)
    ]
    if not pairs:
        return ()
    # The longest say most: thousands, decimals, currency and sign together.
    pairs.sort(key=lambda pair: -len(pair[0]))
    of_money = any("%" in text for text, _ in pairs) * "; a percentage is read as a share of 1"
    sentence = "numbers are not written as 1234.56 and are read: "
    return (HowRead(sentence, examples=shown(pairs), then=of_money, decided=mark or ""),)


def _is_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))
