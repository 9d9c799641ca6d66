"""Values as a language writes them: numbers, money, shares, counts and dates.

Less than nothing has a minus sign (U+2212), not a hyphen: files for machines do not come from here.

Babel says how, by patterns. It reads a pattern and a locale anew for each value, which takes most
of the time of a sentence: here patterns are read once, and what was written is kept. A number is
rounded first, so that few texts are kept for many numbers.
"""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Literal

from babel import Locale
from babel.core import get_global
from babel.dates import format_date
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern

from serving.wording.languages import Language

Values = Mapping[str, Any]
Length = Literal["medium", "long"]
HYPHEN, MINUS = "-", "\u2212"
NO_COINS = {"AMD", "KZT", "RUB"}  # whose hundredths nobody pays with, though Unicode counts them
HARDLY = 0.0005  # a share that one decimal of a per cent does not show
SMALL_MONEY = 0.10  # less is told as less, but where nobody pays with coins
KEPT = 20_000  # texts of a kind that are kept, some 2 MB
SIGNIFICANT = "@"


def number(value: float, language: Language) -> str:
    """Whole from 10 on, two significant digits below."""
    is_whole = abs(value) >= 10 or float(value).is_integer()
    return formatted(value, "#,##0" if is_whole else "@#", language)


def money(value: float, language: Language, values: Values) -> str:
    """Whole from 100 on and at 0, else with cents; in `currency` where the values name one.

    Of a currency without coins whole from 1 on.
    """
    currency: str | None = values.get("currency")
    is_whole = value == 0 or abs(value) >= (100 if _digits(currency) else 1)
    cents = "" if is_whole else ".00"
    if currency is None:
        return formatted(value, f"#,##0{cents}", language)
    form = _money_form(language).replace(".00", cents)
    return formatted(value, form, language, currency)


def currency_sign(code: str, language: Language) -> str:
    """$, of USD; the code of a currency that has no sign in this language."""
    return get_currency_symbol(code, locale=language)


def smallest_gain(currency: str | None) -> float:
    """The least that is told of a gain: a coin, or the unit of a currency without any.

    A gain is what is expected of one customer, and not known to the cent.
    """
    return SMALL_MONEY if _digits(currency) else 1.0


@cache
def _digits(currency: str | None) -> int:
    """How many decimals the money has that people pay with (Unicode's CLDR, fractions)."""
    if currency is None or currency in NO_COINS:
        return 0 if currency else 2
    fractions = get_global("currency_fractions")
    cash: int = fractions.get(currency, fractions["DEFAULT"])[2]
    return cash


def percent(value: float, language: Language) -> str:
    """Whole from 1 % to 99 %, with one decimal beyond: nothing that is less than sure is 100 %.

    More than nothing, but less than a decimal shows, is "< 0.1%".
    """
    if 0 < value < HARDLY:
        return "<\xa0" + formatted(0.001, percent_form(language, "#,##0.0"), language)
    if 0.99 < value < 1:
        return formatted(min(value, 0.999), percent_form(language, "#,##0.#"), language)
    form = percent_form(language, "#,##0" if abs(value) >= 0.01 else "#,##0.#")
    return formatted(value, form, language)


def expected(value: float, language: Language) -> str:
    """How many are expected: one decimal, "< 0.1" for less, whole from 10 on."""
    if 0 < value < 0.1:
        return "<\xa0" + formatted(0.1, "#,##0.0", language)
    return formatted(value, "#,##0" if value >= 10 else "#,##0.#", language)


def counted(value: float, forms: Mapping[str, str], language: Language) -> str:
    """A number with its unit, in the plural form that belongs to the number as shown.

    `forms`: the texts of the unit by plural form, with {n} for the number; `less` is of what is
    below 1, `single` of 1 itself, where people say these otherwise.
    """
    shown = round(float(value), 1)
    if shown.is_integer() or abs(shown) >= 5:
        shown = math.floor(shown + 0.5)
    special = "less" if 0 <= shown < 1 else "single" if shown == 1 else ""
    if special in forms:
        return forms[special]
    form, text = _number_and_form(shown, language)
    return forms[form].replace("{n}", text)


def share(value: float, language: Language) -> str:
    """At most one decimal, however large."""
    return formatted(value, percent_form(language, "#,##0.#"), language)


def decimal(value: float, language: Language) -> str:
    """At most one decimal, however large."""
    return formatted(value, "#,##0.#", language)


def short_date(value: date | str, language: Language) -> str:
    return written_date(value, language, "medium")


def month(value: date, language: Language) -> str:
    """Jan 2018."""
    text: str = format_date(value, "LLL y", locale=language)
    return text


def moment(value: datetime | str, language: Language) -> str:
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{short_date(time.date(), language)}, {time:%H:%M} UTC"


def points(value: float, language: Language) -> str:
    """A change of a share in hundredths, with its sign."""
    return _signed(value * 100, "#,##0", language)


def fine_points(value: float, language: Language) -> str:
    """A change of a share in hundredths, with its sign and two decimals."""
    return _signed(value * 100, "#,##0.00", language)


def error(value: float, language: Language) -> str:
    """A share with its sign and one decimal."""
    return _signed(value, percent_form(language, "#,##0.0"), language)


def _signed(value: float, form: str, language: Language) -> str:
    """With its sign; what is shown as 0 has none."""
    text = formatted(abs(value), form, language)
    if not re.search("[1-9]", text):
        return text
    return ("+" if value > 0 else MINUS) + text


def written_date(value: date | str, language: Language, length: Length = "long") -> str:
    """A day, with its month in words (`long`) or shortened (`medium`)."""
    return _written_date(value[:10] if isinstance(value, str) else value, language, length)


def formatted(value: Any, form: str, language: Language, currency: str | None = None) -> str:
    """A number by a pattern of Unicode's CLDR, as Babel writes it."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    last = _last_digit(form)
    if last is not None and exact.is_finite():
        exact = exact.quantize(last)
    if not exact:
        exact = abs(exact)  # what is shown as 0 has no sign
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
    return written.replace(HYPHEN, MINUS)


@lru_cache(maxsize=KEPT)
def _number_and_form(shown: float, language: Language) -> tuple[str, str]:
    """The plural form of a number, and the number as text."""
    locale = Locale.parse(language)
    usual = locale.decimal_formats[None]
    return locale.plural_form(shown), usual.apply(shown, locale).replace(HYPHEN, MINUS)


@lru_cache(maxsize=KEPT)
def _written_date(value: date | str, language: Language, length: Length) -> str:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return format_date(day, format=length, locale=language)
