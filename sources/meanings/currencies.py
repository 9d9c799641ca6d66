"""Amounts in several currencies, which must not be added up.

currency  amount             amount
EUR       12.40              12.40 EUR
USD        8.26               8.26 $       would be added up as if they were one

A mark that several currencies share ($, kr, ¥) is the one of them that is named beside it.
"""

import re
from collections.abc import Mapping

import pandas as pd

from sources.contract import NUMBER, Table
from sources.notes import Note, Said
from sources.written.numbers import MONEY

CHECK = "currencies"
MOST_SHOWN = 5
MONEY_COLUMNS = ("amount", "cost")
BESIDE = re.compile(r"[\d.,()+%\s'’−–—-]+")  # all of a written sum but its currency
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
NAMES = {other: name for name, others in SAME.items() for other in others}
SHARED = {
    "$": {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP"},
    "KR": {"SEK", "NOK", "DKK", "ISK"},
    "¥": {"JPY", "CNY"},
    "RS": {"INR", "PKR"},
    "₹": {"INR"},
}


def currencies_in_cells(raw: pd.DataFrame, table: Table) -> tuple[Note, ...]:
    """A note on each column of money whose cells name several currencies; `raw` is what is kept."""
    notes = []
    for column in MONEY_COLUMNS:
        if table.columns.get(column) != NUMBER or column not in raw:
            continue
        if pd.api.types.is_numeric_dtype(raw[column]):
            continue
        marks = raw[column].dropna().astype("str").str.replace(BESIDE, "", regex=True)
        counts = counts_by_currency(
            marks[marks.map({m: bool(MONEY.fullmatch(m)) for m in marks.unique()})]
        )
        if len(counts) > 1:
            others = sum(counts.values()) - max(counts.values())
            notes.append(
                Note(
                    CHECK,
                    "error",
                    column,
                    others,
                    added_up(counts),
                    convert(table.name, column),
                    said_of(counts, table.name, column),
                )
            )
    return tuple(notes)


def counts_by_currency(marks: pd.Series) -> dict[str, int]:
    """How many cells there are of each currency, the most frequent first."""
    names = marks.astype("str").str.strip().str.upper().str.removesuffix(".")
    known = names.map(lambda name: NAMES.get(name, name)).value_counts()
    counts = {str(name): int(n) for name, n in known.items()}
    for mark, currencies in SHARED.items():
        beside = currencies.intersection(counts)
        if mark in counts and len(beside) == 1:
            counts[next(iter(beside))] += counts.pop(mark)
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def added_up(counts: Mapping[str, int]) -> str:
    """What is wrong with several currencies, in words."""
    named = ", ".join(f"{name} ({n:,})" for name, n in list(counts.items())[:MOST_SHOWN])
    return (
        f"{len(counts)} currencies are added up as if they were one: {named}. No sum of money "
        "means anything."
    )


def said_of(counts: Mapping[str, int], table: str, column: str) -> Said:
    """Both for other languages."""
    shown = list(counts.items())[:MOST_SHOWN]
    named = [Said("count_of", name=name, count=n) for name, n in shown]
    return Said(CHECK, number=len(counts), named=named, table=table, column=column)


def convert(table: str, column: str) -> str:
    """What to do about it; only the user knows the rates."""
    return f"Convert {column} to one currency at the source or with source.derive.{table}.{column}."
