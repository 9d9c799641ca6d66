"""Rows of totals at the foot of a report, which count all money a second time.

customer_id  order_id       event_time        amount
C0012        1596           30.12.2023        22,61
Итого        1597           31.12.2023        1.380.296,40     no customer, and all money twice

A name that only begins so is a customer's: Total Energies.
"""

import re

import pandas as pd

from sources.contract import Table
from sources.cures import filtered, literal, own
from sources.meanings.ids import id_columns
from sources.params import SourceParams
from sources.written.reading import no_reasons
from sources.written.written_times import MONTHS

OF_TOTALS = "is that of a row of totals"
MOST_NAMED = 12  # ids written into a condition; of more a pattern is
# The longest first, where one begins with another.
WORDS = (
    r"(?:sous-?)?total g[ée]n[ée]ral|suma total|total sums?|"
    r"(?:grand|over-?all|running|report)[ _-]+totals?|totals?|sub[ _-]?totals?|sums?|"
    r"(?:общий|промежуточный)[ _-]+итог|итоги?|подытог|всего|сумма|"
    r"gesamt(?:summe|betrag)?|zwischensumme|endsumme|summen?|insgesamt|"
    r"sous-?total|somme|suma|totale|totaal|totalt|"
    r"razem|ogółem|łącznie|celkem|összesen|toplam|genel toplam|разом|всього|усього|барлығы"
)
SURE = r"итого(?![^\W\d_])"  # nobody is called so, whatever comes after it
TOTALS = re.compile(rf"[\W_]*(?:(?P<sure>{SURE})|(?:{WORDS})(?![^\W_]))")
RUSSIAN_MONTHS = (
    *("январь", "февраль", "март", "апрель", "май", "июнь"),
    *("июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"),
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)
BEHIND_TOTALS = """
for of the in by per month year day week quarter period page report q
sales revenue orders amount turnover sum rows count
за на по месяц год года г день неделю неделя квартал кв период отчет отчету
сумма продажи выручка заказов заказы строк штук шт
für im monat jahr tag woche quartal umsatz pour du mois année
"""
OF_A_PERIOD = frozenset(
    (*MONTHS, *(month[:3] for month in MONTHS), *RUSSIAN_MONTHS, *BEHIND_TOTALS.split())
)


def totals_rows(rows: pd.DataFrame, table: Table) -> "pd.Series[str]":
    """Why a row is a row of totals (else empty): one of its ids says so."""
    reasons = no_reasons(rows)
    for column in reversed(id_columns(table)):
        if column in rows:
            ids = rows[column]
            found = [text for text in ids.dropna().unique() if is_of_totals(text)]
            if found:
                reasons[ids.isin(found)] = f"{column} {OF_TOTALS}"
    return reasons


def is_of_totals(text: str) -> bool:
    """Whether a text is a word of totals, alone or with a period or a number behind it."""
    plain = text.lower().replace("ё", "е")
    match = TOTALS.match(plain)
    if match is None or match["sure"]:
        return match is not None
    rest: list[str] = re.findall(r"[^\W\d_]+", plain[match.end() :])
    return OF_A_PERIOD.issuperset(rest)


def without_totals(cells: pd.Series, column: str, table: Table, params: SourceParams) -> str:
    """The line that leaves these rows out, empty where none is sure; `cells` are their ids."""
    name = own(column, table, params)
    text = f"coalesce(CAST({name} AS VARCHAR), '')"
    ids = sorted(cells.astype("str").unique())
    keeps = f"{text} NOT IN ({', '.join(map(literal, ids))})"
    if len(ids) > MOST_NAMED:
        words = sorted({re.split(r"[\W\d_]", text.strip().lower(), maxsplit=1)[0] for text in ids})
        pattern = rf"(?i)^\s*({'|'.join(words)})[^a-zа-яё]*$"
        if "" in words or not all(re.match(pattern, text) for text in ids):
            return ""
        keeps = f"NOT regexp_matches({text}, {literal(pattern)})"
    line = filtered([keeps], table, params)
    return f"Leave rows of totals out; in params.yaml, below source: {line}"
