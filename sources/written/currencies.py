"""Currencies as people write them: ISO codes, signs, abbreviations.

€  EURO  eur   EUR          руб.  ₽  р   RUB          $   one of USD, CAD, AUD, …
"""

import re
from collections.abc import Iterable
from functools import cache

import pandas as pd
from babel.core import get_global

from core.errors import did_you_mean
from sources.written.numbers import MONEY

SAME = {
    "RUB": ("₽", "РУБ", "РУБЛЕЙ", "Р", "RUR"),
    "EUR": ("€", "EURO"),
    "GBP": ("£",),
    "KZT": ("₸", "ТГ"),
    "UAH": ("₴", "ГРН"),
    "PLN": ("ZŁ",),
    "CZK": ("KČ",),
    "HUF": ("FT",),
    "RON": ("LEI",),
    "BGN": ("ЛВ",),
    "BRL": ("R$",),
    "TRY": ("₺",),
    "ILS": ("₪",),
    "KRW": ("₩",),
    "VND": ("₫",),
    "THB": ("฿",),
    "NGN": ("₦",),
    "GEL": ("₾",),
    "AMD": ("֏",),
    "AZN": ("₼",),
    "CHF": ("FR",),
}
BESIDE = re.compile(r"[\d.,()+%\s'’−–—-]+")  # all of a written sum but its currency
NAMES = {other: name for name, others in SAME.items() for other in others}
SHARED = {
    "$": {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP"},
    "KR": {"SEK", "NOK", "DKK", "ISK"},
    "¥": {"JPY", "CNY"},
    "RS": {"INR", "PKR"},
    "₹": {"INR"},
}
# Codes that are words of headings: "Total ALL", "TOP", "TRY".
WORDS = {"ALL", "TOP", "TRY", "CUP", "PEN", "MOP", "SOS", "GEL", "LAK", "DOP"}
HEADING_PARTS = re.compile(r"[A-Z]{3}(?![a-z])|[^\W\d_]+|[^\w\s]")
LARGEST = {"$": "USD", "KR": "SEK", "¥": "JPY", "RS": "INR", "₹": "INR"}


def currency_code(text: str) -> str:
    """The ISO 4217 code of a currency, however it is written.

    Raises ValueError, with the nearest code, where the text names none or more than one.
    """
    name = _named(text)
    if name in _codes():
        return name
    if name in SHARED:
        of = ", ".join(sorted(SHARED[name]))
        raise ValueError(f"{text!r} may be any of {of}: write the code")
    raise ValueError(
        f"{text!r} is not a currency such as EUR, USD or RUB.{did_you_mean(name, _codes())}"
    )


def named_currencies(
    marks: pd.Series, wanted: str | None = None, known: Iterable[str] = ()
) -> pd.Series:
    """The currency of each mark by its code, missing where there is no mark.

    A sign that several currencies share is `wanted` where that is one of them, or else the only one
    of them that is known or that other marks name; otherwise the sign itself stays.
    """
    written = marks.dropna().astype("str")
    names = {mark: _named(mark) for mark in written.unique()}
    there = {*names.values(), *known}
    for mark, name in names.items():
        meant = {wanted} if wanted in SHARED.get(name, ()) else SHARED.get(name, set()) & there
        if len(meant) == 1:
            names[mark] = str(next(iter(meant)))
    known = written.map(names)
    return known[known != ""].reindex(marks.index).astype("str")


def currency_marks(cells: pd.Series) -> pd.Series:
    """The currency written beside each sum, as it is written; missing where there is none."""
    if not (pd.api.types.is_object_dtype(cells) or pd.api.types.is_string_dtype(cells)):
        return pd.Series(pd.NA, index=cells.index, dtype="str")
    beside = cells.dropna().astype("str").str.replace(BESIDE, "", regex=True)
    is_money = beside.map({mark: bool(MONEY.fullmatch(mark)) for mark in beside.unique()})
    return beside[is_money.astype(bool)].reindex(cells.index).astype("str")


def heading_currency(name: str) -> str | None:
    """The currency that the name of a column of money tells: `Бюджет ₽`, `Betrag (€)`, `sum_usd`.

    A sign that several share tells none, and neither do two.
    """
    codes = {_named(part) for part in _heading_parts(name)} - set(SHARED)
    return codes.pop() if len(codes) == 1 else None


def without_currency(name: str) -> str:
    """The name of a column without the currencies in it: `Сумма, руб.` is `Сумма, .`."""
    for part in _heading_parts(name):
        name = name.replace(part, "", 1)
    return name


def _heading_parts(name: str) -> list[str]:
    """The parts of a name that are currencies, or signs that several currencies share."""
    return [
        part
        for part in HEADING_PARTS.findall(name.replace("_", " "))
        if (_named(part) in _codes() or _named(part) in SHARED)
        and part.upper() not in WORDS
        # two letters, and one of the Latin alphabet, are no currency in a heading
        and len(part) != 2
        and not (len(part) == 1 and part.isascii() and part.isalpha())
    ]


def may_be(name: str, code: str) -> bool:
    """Whether a currency of the data, by its code or a sign that several share, may be `code`."""
    return name == code or code in SHARED.get(name, ())


def _named(mark: str) -> str:
    name = mark.strip().upper().removesuffix(".")
    return NAMES.get(name, name)


@cache
def _codes() -> Iterable[str]:
    return frozenset(get_global("all_currencies"))
