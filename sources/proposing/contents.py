"""What the cells of a column show, whatever its name: times, numbers, e-mails, ids, yes or no.

Shares are of the cells that hold something, in [0, 1]. Nothing is decided here.
"""

import json
import re
from dataclasses import dataclass

import pandas as pd

from sources.meanings.missing import ALSO_MISSING
from sources.meanings.vocabulary import NO_WORDS, YES_WORDS
from sources.written.currencies import NAMES
from sources.written.numbers import CODES, UNMARKED, UNMARKED_POINT, read_numbers
from sources.written.reading import filled
from sources.written.times import (
    DIGITS,
    EXCEL,
    MILLISECONDS,
    SECONDS,
    UNORDERED,
    number_reason,
    read_times,
)

MOST_READ = 20_000  # rows that are looked at
MOST_DISTINCT = 1_000  # different cells of a column that are read as times and numbers
EXAMPLES = 3
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"\+\d[\d\s()-]{8,16}|[78][\s(-]*\d{3}[\d\s()-]{7,11}")
CODE = re.compile(rf"(?:{CODES})", re.IGNORECASE)
JSON = re.compile(r"\s*[\[{].*[\]}]\s*", re.DOTALL)
CLOCK = re.compile(r"\d{1,2}:\d{2}")
# What may be a time has three parts: reading one by one what cannot be is slow.
MAYBE_TIME = re.compile(r"\d{1,4}\W+\w+\W+\d{1,4}|[^\W\d]+\W+\d{1,2}\W+\d{2,4}")
ZONED = re.compile(r"[Zz]$|\d\s?[+-]\d{2}:?\d{2}$|(?:UTC|GMT)$")
NUMBERS_OF_TIMES = {
    SECONDS: "seconds since 1970",
    MILLISECONDS: "milliseconds since 1970",
    EXCEL: "days of Excel",
    DIGITS: "year, month and day in digits",
}
KINDS = {
    "time": "times",
    "number": "numbers",
    "e-mail address": "e-mail addresses",
    "phone number": "phone numbers",
    "currency code": "currencies",
}
SURE = 0.9  # share of the cells from which a column is what they show


@dataclass(frozen=True)
class Contents:
    """What the cells of one column show; `of_time` is how numbers may stand for times (or empty).

    `different` is the number of distinct cells for each filled one. `plain_numbers` is whether SQL
    can calculate with the cells as they stand.
    """

    column: str
    cells: int
    filled: float
    different: float
    time: float
    of_time: str
    unordered: bool
    zoned: bool
    clock: bool
    number: float
    decimals: float
    negative: float
    plain_numbers: bool
    email: float
    phone: float
    currency: float
    yes_no: float
    is_json: bool
    values: int
    examples: tuple[str, ...]

    @property
    def is_time(self) -> bool:
        """Whether the cells are times, or numbers of the size of times."""
        return self.time >= SURE or bool(self.of_time)

    @property
    def is_number(self) -> bool:
        """Whether the cells are numbers, in whatever notation."""
        return self.number >= SURE

    @property
    def is_person(self) -> bool:
        """Whether the cells are addresses or phone numbers of people."""
        return max(self.email, self.phone) >= SURE

    def shows(self, kind: str) -> str:
        """The evidence that the cells are of a kind: a share, and three of them."""
        shares = {
            "time": self.time,
            "number": self.number,
            "e-mail address": self.email,
            "phone number": self.phone,
            "currency code": self.currency,
        }
        cells = ", ".join(self.examples)
        if kind == "time" and self.of_time:
            return f"100% of the cells are numbers of the size of {self.of_time}: {cells}"
        if kind in shares:
            return f"{shares[kind]:.0%} of the cells can be read as {KINDS[kind]}: {cells}"
        told = f"{self.filled:.0%} filled, {self.different:.0%} of these cells different: {cells}"
        # Of a part of a file more cells are different than of all of it.
        return f"of {self.cells:,} rows looked at {told}"


def contents_of(frame: pd.DataFrame) -> dict[str, Contents]:
    """What each column of a frame of text cells shows, in the frame's order."""
    head = frame.head(MOST_READ)
    return {str(column): _contents(str(column), head[column]) for column in frame.columns}


def _contents(column: str, cells: pd.Series) -> Contents:
    text = cells.astype("str").str.strip()
    is_filled = filled(cells) & ~text.str.lower().isin(ALSO_MISSING)
    there = text[is_filled]
    different = there.drop_duplicates()
    distinct = different.iloc[:: max(1, len(different) // MOST_DISTINCT)]
    weight = there.value_counts()
    counts = distinct.map(weight).to_numpy(dtype="float64") if len(there) else None

    def share(matches: "pd.Series[bool]") -> float:
        if counts is None:
            return 0.0
        return float((matches.to_numpy(dtype="float64") * counts).sum() / counts.sum())

    numbers = read_numbers(distinct.reset_index(drop=True))
    # A number is one too where the column does not show which mark stands before its decimals.
    is_number = numbers.reasons.isin(["", UNMARKED, UNMARKED_POINT]).set_axis(distinct.index)
    plain = pd.to_numeric(distinct, errors="coerce")
    is_time, unordered = pd.Series(data=False, index=distinct.index), False
    if share(distinct.str.match(MAYBE_TIME)) >= SURE:
        times = read_times(distinct.reset_index(drop=True), "UTC")
        unordered = bool((times.reasons == UNORDERED).any())
        is_time = (times.values.notna() | (times.reasons == UNORDERED)).set_axis(distinct.index)
    values = numbers.values.set_axis(distinct.index)
    lower = distinct.str.lower()
    return Contents(
        column=column,
        cells=len(cells),
        filled=float(is_filled.mean()) if len(cells) else 0.0,
        different=len(different) / len(there) if len(there) else 0.0,
        time=share(is_time),
        of_time=_of_time(plain),
        unordered=unordered,
        zoned=share(distinct.str.contains(ZONED, regex=True)) >= SURE,
        clock=share(distinct.str.contains(CLOCK)) > 0,
        number=share(is_number.astype(bool)),
        decimals=share(values.notna() & (values % 1 != 0)),
        negative=share(values < 0),
        plain_numbers=bool(plain.notna().all()),
        email=share(distinct.str.fullmatch(EMAIL)),
        phone=share(distinct.str.fullmatch(PHONE)),
        currency=share(distinct.map(_is_currency).astype(bool)),
        yes_no=share(lower.isin([*YES_WORDS, *NO_WORDS])),
        is_json=bool(len(distinct)) and share(distinct.map(_is_json).astype(bool)) >= SURE,
        values=len(different),
        examples=tuple(distinct.head(EXAMPLES)),
    )


def _of_time(plain: "pd.Series[float]") -> str:
    """How the numbers of a column stand for times, judged by all of them; empty if they do not."""
    if plain.empty or plain.isna().any() or len(plain) < EXAMPLES:
        return ""
    reasons = {number_reason(float(value)) for value in plain}
    return NUMBERS_OF_TIMES.get(reasons.pop(), "") if len(reasons) == 1 else ""


def _is_currency(text: str) -> bool:
    return bool(CODE.fullmatch(text)) or text.upper() in NAMES


def _is_json(text: str) -> bool:
    if not JSON.fullmatch(text):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
