"""Values as a language writes them: numbers, money, shares, counts and dates.

Babel says how, by patterns. It reads a pattern and a locale anew for each value, which takes most
of the time of a sentence: here patterns are read once, and what was written is kept. A number is
rounded first, so that few texts are kept for many numbers.
"""

import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Literal

from babel import Locale
from babel.dates import format_date
from babel.numbers import NumberPattern, parse_pattern

from serving.wording.languages import Language

Values = Mapping[str, Any]
Length = Literal["medium", "long"]
KEPT = 20_000  # texts of a kind that are kept, some 2 MB
SIGNIFICANT = "@"


def number(value: float, language: Language) -> str:
    """Whole from 10 on, two significant digits below."""
    is_whole = abs(value) >= 10 or float(value).is_integer()
    return formatted(value, "#,##0" if is_whole else "@#", language)


def money(value: float, language: Language, values: Values) -> str:
    """Whole from 100 on, else with cents; in `currency` where the values name one."""
    currency: str | None = values.get("currency")
    cents = "" if abs(value) >= 100 else ".00"
    if currency is None:
        return formatted(value, f"#,##0{cents}", language)
    form = _money_form(language).replace(".00", cents)
    return formatted(value, form, language, currency)


def percent(value: float, language: Language) -> str:
    """Whole from 1 % on, one decimal below."""
    form = percent_form(language, "#,##0" if abs(value) >= 0.01 else "#,##0.#")
    return formatted(value, form, language)


def counted(value: float, forms: Mapping[str, str], language: Language) -> str:
    """A number with its unit, in the plural form that belongs to the number as shown.

    `forms`: the texts of the unit by plural form, with {n} for the number.
    """
    shown = round(float(value), 1)
    if shown.is_integer() or abs(shown) >= 5:
        shown = math.floor(shown + 0.5)
    form, text = _number_and_form(shown, language)
    return forms[form].replace("{n}", text)


def written_date(value: date | str, language: Language, length: Length = "long") -> str:
    """A day, with its month in words (`long`) or shortened (`medium`)."""
    return _written_date(value[:10] if isinstance(value, str) else value, language, length)


def formatted(value: Any, form: str, language: Language, currency: str | None = None) -> str:
    """A number by a pattern of Unicode's CLDR, as Babel writes it."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    last = _last_digit(form)
    if last is not None and exact.is_finite():
        exact = exact.quantize(last)
    # As text, since -0 is written otherwise than 0, and both are equal.
    return _formatted(str(exact), form, language, currency)


@cache
def percent_form(language: Language, digits: str) -> str:
    """The pattern by which a language writes shares, with these digits."""
    return str(Locale.parse(language).percent_formats[None].pattern).replace("#,##0", digits)


@cache
def _money_form(language: Language) -> str:
    return str(Locale.parse(language).currency_formats["standard"].pattern)


@cache
def _pattern(form: str) -> NumberPattern:
    return parse_pattern(form)


@cache
def _last_digit(form: str) -> Decimal | None:
    """The last digit that a pattern shows, as 0.1; None where that depends on the number."""
    if SIGNIFICANT in form:
        return None
    pattern = _pattern(form)
    return Decimal(1).scaleb(-pattern.frac_prec[1] - pattern.scale)


@lru_cache(maxsize=KEPT)
def _formatted(text: str, form: str, language: Language, currency: str | None) -> str:
    locale = Locale.parse(language)
    written: str = _pattern(form).apply(
        Decimal(text), locale, currency=currency, currency_digits=False
    )
    return written


@lru_cache(maxsize=KEPT)
def _number_and_form(shown: float, language: Language) -> tuple[str, str]:
    """The plural form of a number, and the number as text."""
    locale = Locale.parse(language)
    usual = locale.decimal_formats[None]
    return locale.plural_form(shown), usual.apply(shown, locale)


@lru_cache(maxsize=KEPT)
def _written_date(value: date | str, language: Language, length: Length) -> str:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return format_date(day, format=length, locale=language)
