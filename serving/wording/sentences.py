"""Wording: a message key and its values in, a sentence in the reader's language out.

The sentences stand in `messages/<language>.yaml`. A message is a text, or a list of texts of which
the first is used whose values are all known. `{name}` puts a value in as it is, `{name:kind}`
writes it as

    days      a unit with its plural: 1 day, 31 days (one entry of `units`)
    number    12, 1.5, 0.071          percent   31 %          date   January 3, 2018
    points    +3, -12: a change of a share, in hundredths     day    Jan 3, 2018
    error     +4.4 %, -12.0 %: an error as a share
    money     1,234 (with a value `currency`, such as USD: $1,234)
    field     a feature or card field by its name: purchases in the last 90 days
    quantity  a number in the unit of the feature that the value `feature` names, or a text

What comes out is plain text, whatever the values hold: escaping is up to the page.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd
import yaml
from babel import Locale
from babel.dates import format_date, format_interval
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent

from core.errors import did_you_mean
from features.snapshot import all_features
from models.churn.reason_rows import ATTRIBUTE

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
FOLDER = Path(__file__).with_name("messages")
PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
WINDOW = re.compile(r"_(\d+)d$")
STEADY = 0.1  # log ratio: within 10 % is about the same

Values = Mapping[str, Any]
Length = Literal["medium", "long"]


def sentence(key: str, language: Language, **values: Any) -> str:
    """The message `key` with its values, in `language`.

    Values that the message does not use are ignored; None and NaN count as unknown. Raises
    LookupError for an unknown key (with the nearest known one), an unknown language, and values
    that no variant of the message can do without.
    """
    variants = _messages(language).get(key)
    if variants is None:
        raise LookupError(f"There is no message {key!r}.{did_you_mean(key, keys())}")
    for text in variants:
        filled = _fill(text, language, values)
        if filled is not None:
            return filled
    names = sorted({name for name, _ in PLACEHOLDER.findall(variants[-1])})
    raise LookupError(f"The message {key!r} needs the values {', '.join(names)}.")


def label(key: str, language: Language, **values: Any) -> str:
    """As `sentence`, for names that users add (actions, channels, features).

    Without a message it is the name itself, readable: `action.garden_party` is Garden party.
    """
    if key in _messages(language):
        return sentence(key, language, **values)
    return upper_first(key.rpartition(".")[2].replace("_", " "))


def field_label(name: str, language: Language) -> str:
    """A card field or feature by name: `orders_90d` is purchases in the last 90 days."""
    window = WINDOW.search(name)
    general = f"field.{WINDOW.sub('_Nd', name)}"
    if window and general in _messages(language):
        return sentence(general, language, window=int(window[1]))
    if f"field.{name}" in _messages(language):
        return sentence(f"field.{name}", language)
    # A customer attribute is called as in the user's own table, in any language.
    return name.removeprefix(ATTRIBUTE).replace("_", " ")


def written(value: Any, kind: str, language: Language, **values: Any) -> str:
    """One value as a message would write it; a dash where it is unknown.

    Raises LookupError for a kind that messages do not know.
    """
    if _is_unknown(value):
        return "–"
    if kind not in {"money", "quantity", *KINDS, *_content(language)["units"]}:
        raise LookupError(f"There is no kind of value {kind!r}.")
    return _write(value, kind, language, values) or str(value)


def period(low: date, high: date, language: Language) -> str:
    """Two days as one interval, without repeating a month or year: Jan 4 – 12, 2018."""
    text: str = format_interval(low, high, "yMMMd", locale=language)
    return text


def listing(items: Iterable[str], language: Language) -> str:
    """Several things as a person lists them: a, b and c."""
    return format_list(list(items), locale=language)


def is_message(key: str) -> bool:
    """Whether there is a message of this key."""
    return key in _messages(LANGUAGES[0])


def keys() -> tuple[str, ...]:
    """Every message key, the same in each language."""
    return tuple(_messages(LANGUAGES[0]))


@cache
def _content(language: Language) -> dict[str, Any]:
    if language not in LANGUAGES:
        raise LookupError(f"There is no language {language!r}, only {', '.join(LANGUAGES)}.")
    text = (FOLDER / f"{language}.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


@cache
def _messages(language: Language) -> dict[str, list[str]]:
    """Message key → its variants."""
    flat: dict[str, list[str]] = {}

    def walk(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, dict):
            for name, inner in node.items():
                walk(inner, (*path, name))
        else:
            flat[".".join(path)] = node if isinstance(node, list) else [node]

    walk(_content(language)["messages"], ())
    return flat


def _fill(text: str, language: Language, values: Values) -> str | None:
    """The text with its values; None when one of them is unknown. Values are never read as text."""
    pieces, position = [], 0
    for match in PLACEHOLDER.finditer(text):
        name, kind = match.groups()
        value = values.get(name)
        written = None if _is_unknown(value) else _write(value, kind, language, values)
        if written is None:
            return None
        pieces += [text[position : match.start()], written]
        position = match.end()
    filled = "".join(pieces) + text[position:]
    return upper_first(filled) if text.startswith("{feature:") else filled


def _is_unknown(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _write(value: Any, kind: str | None, language: Language, values: Values) -> str | None:
    if kind is None:
        return str(value)
    if kind == "money":
        return _money(value, language, values.get("currency"))
    if kind == "quantity":
        return _quantity(value, language, values)
    if kind in _content(language)["units"]:
        return _unit(value, kind, language)
    return KINDS[kind](value, language)


def _quantity(value: Any, language: Language, values: Values) -> str | None:
    """A value in the unit of its feature; a text as it is."""
    if isinstance(value, str):
        return value
    unit = _units_of_features().get(str(values.get("feature")))
    if unit == "money":
        return _money(value, language, values.get("currency"))
    if unit == "days":
        return _unit(value, "days", language)
    return _number(value, language) if unit is None else BY_UNIT.get(unit, _number)(value, language)


@cache
def _units_of_features() -> dict[str, str]:
    return {feature.name: feature.unit for feature in all_features()}


def _unit(value: float, unit: str, language: Language) -> str:
    """A number and its unit in the plural form that the number as shown asks for."""
    shown = round(float(value), 1)
    if shown.is_integer() or abs(shown) >= 5:
        shown = math.floor(shown + 0.5)
    form = Locale.parse(language).plural_form(shown)
    text: str = _content(language)["units"][unit][form]
    return text.replace("{n}", format_decimal(shown, locale=language))


def _number(value: float, language: Language) -> str:
    """Whole from 10 on, two significant digits below."""
    is_whole = abs(value) >= 10 or float(value).is_integer()
    pattern = "#,##0" if is_whole else "@#"
    return format_decimal(value, format=pattern, locale=language)


def _money(value: float, language: Language, currency: str | None) -> str:
    """Whole from 100 on, else with cents."""
    cents = "" if abs(value) >= 100 else ".00"
    if currency is None:
        return format_decimal(value, format=f"#,##0{cents}", locale=language)
    usual = Locale.parse(language).currency_formats["standard"].pattern
    form = usual.replace(".00", cents)
    return format_currency(value, currency, format=form, locale=language, currency_digits=False)


def _percent(value: float, language: Language) -> str:
    """Whole from 1 % on, one decimal below."""
    usual = Locale.parse(language).percent_formats[None].pattern
    form = usual if abs(value) >= 0.01 else usual.replace("#,##0", "#,##0.#")
    return format_percent(value, format=form, locale=language)


def _date(value: date | str, language: Language, length: Length = "long") -> str:
    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return format_date(day, format=length, locale=language)


def _day(value: date | str, language: Language) -> str:
    return _date(value, language, "medium")


def _points(value: float, language: Language) -> str:
    """A change of a share in hundredths, with its sign."""
    return format_decimal(value * 100, format="+#,##0;-#,##0", locale=language)


def _error(value: float, language: Language) -> str:
    """A share with its sign and one decimal."""
    usual = Locale.parse(language).percent_formats[None].pattern.replace("#,##0", "#,##0.0")
    return format_percent(value, format=f"+{usual};-{usual}", locale=language)


def _change(value: float, language: Language) -> str:
    """A log ratio in words; each side counts plus one, so a figure would mislead for small ones."""
    steps = ((-math.log(2), "halved"), (-STEADY, "down"), (STEADY, "steady"))
    for limit, name in steps:
        if value <= limit:
            return sentence(f"change.{name}", language)
    return sentence("change.doubled" if value >= math.log(2) else "change.up", language)


def _yes_no(value: float, language: Language) -> str:
    return sentence("yes" if value else "no", language)


def _times(value: float, language: Language) -> str:
    return f"{_number(value, language)}\xa0×"


def upper_first(text: str) -> str:
    """The text with a capital at its start, the rest as it is."""
    return text[:1].upper() + text[1:]


Writer = Callable[[Any, Language], str]
KINDS: dict[str, Writer] = {
    "number": _number,
    "percent": _percent,
    "points": _points,
    "error": _error,
    "date": _date,
    "day": _day,
    "field": field_label,
}
BY_UNIT: dict[str, Writer] = {
    "share": _percent,
    "ratio": _times,
    "log ratio": _change,
    "0 or 1": _yes_no,
}
