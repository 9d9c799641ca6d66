"""Numbers and dates are written as Babel writes them, whatever is kept in between."""

import datetime as dt
import re
from decimal import Decimal

import numpy as np
import pytest
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from serving.wording.languages import LANGUAGES
from serving.wording.values import counted, formatted, percent_form, written_date

DIGITS = ("#,##0", "#,##0.#", "#,##0.00", "@#")
HALVES = (0.5, 1.5, 2.5, 0.05, 0.15, 0.25, 0.0049999, 0.005, 0.995, 9.95, 99.995, 4.95)
NUMBERS = (
    *(0, 1, 7, 21, 1000, 1_234_567, -3, 1.0, 0.0, -0.0, -0.04, -0.3, 1e-9, 1e14),
    *(sign * half for half in HALVES for sign in (1, -1)),
    *np.random.default_rng(3).lognormal(2, 3, 50),
    *(np.int64(7), Decimal("2.50"), Decimal("-0")),
)


def without_hyphen(text):
    """With a minus sign, where anything is left of the number."""
    is_something = re.search("[1-9]", text)
    return text.replace("-", "−" if is_something else "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_and_shares(language):
    for number in (*NUMBERS, *NUMBERS):  # the second time what was kept
        for digits in DIGITS:
            usual = without_hyphen(format_decimal(number, format=digits, locale=language))
            assert formatted(number, digits, language) == usual, number
        form = Locale.parse(language).percent_formats[None].pattern.replace("#,##0", "#,##0.#")
        usual = without_hyphen(format_percent(number, format=form, locale=language))
        assert formatted(number, percent_form(language, "#,##0.#"), language) == usual, number


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("currency", ["USD", "RUB", "JPY", "XYZ"])
def test_money(language, currency):
    form = Locale.parse(language).currency_formats["standard"].pattern
    for number in NUMBERS:
        usual = format_currency(
            number, currency, format=form, locale=language, currency_digits=False
        )
        assert formatted(number, form, language, currency) == without_hyphen(usual), number


@pytest.mark.parametrize("language", LANGUAGES)
def test_counts_in_their_plural_form(language):
    forms = {name: f"{{n}} {name}" for name in ("one", "few", "many", "other")}
    for number in range(130):
        form = Locale.parse(language).plural_form(number)
        text = format_decimal(number, locale=language)
        assert counted(number, forms, language) == f"{text} {form}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("length", ["medium", "long"])
def test_days(language, length):
    day = dt.date(2024, 2, 29)
    usual = format_date(day, format=length, locale=language)
    for given in (day, "2024-02-29", "2024-02-29T10:00:00"):
        assert written_date(given, language, length) == usual
