"""Messages of `messages/<language>.yaml`, filled with values: the kinds that need no feature.

Those of a page stand in a file of its own, `messages/<language>/<page>.yaml`.

A message is a text, or a list of texts of which the first is used whose values are all known.
`{name}` puts a value in as it is, `{name:kind}` writes it as

    days      a unit with its plural: 1 day, 31 days (one entry of `units`)
    number    12, 1.5, 0.071          percent   31 %          date   January 3, 2018
    month     Jan 2018
    decimal   1,234.5                 share     31.4 %        day    Jan 3, 2018
    points    +3, −12: a change of a share, in hundredths
    fine_points  +3.14, −0.05: the same, with two decimals
    expected  1.5, 12, < 0.1: how many are expected
    error     +4.4 %, −12.0 %: an error as a share
    moment    Jan 3, 2018, 14:05 UTC
    money     1,234 (with a value `currency`, such as USD: $1,234)
    currency  $
    gain      the same, but "under $0.10" for less than that: it is not known to the cent

The result is plain text, whatever the values hold: the page has to escape it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yaml
from babel.dates import format_interval
from babel.lists import format_list

from core.errors import did_you_mean
from serving.wording import values as values_written
from serving.wording.languages import LANGUAGES, Language
from serving.wording.values import (
    Values,
    currency_sign,
    decimal,
    error,
    expected,
    fine_points,
    moment,
    money,
    month,
    number,
    percent,
    points,
    share,
    short_date,
    smallest_gain,
    written_date,
)

FOLDER = Path(__file__).with_name("messages")
PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
THIN_DASH = re.compile("\u2009–\u2009")
BETWEEN_NUMBERS = re.compile(r"(?<=\d) – (?=\d)")

Writer = Callable[[Any, Language, Values], str]


def message(key: str, language: Language, values: Values, kinds: Mapping[str, Writer]) -> str:
    """The message `key` with its values, each written by its kind, in `language`.

    Values that the message does not use are ignored; None and NaN count as unknown. Raises
    LookupError for an unknown key (with the nearest known one), for an unknown language, and where
    no variant of the message can do without the values that are unknown.
    """
    variants = messages_of(language).get(key)
    if variants is None:
        raise LookupError(f"There is no message {key!r}.{did_you_mean(key, keys())}")
    filled = _first_filled(variants, language, values, kinds)
    if filled is not None:
        return filled
    names = sorted({name for name, _ in PLACEHOLDER.findall(variants[-1])})
    raise LookupError(f"The message {key!r} needs the values {', '.join(names)}.")


def translation(
    key: str, language: Language, values: Values, kinds: Mapping[str, Writer]
) -> str | None:
    """The message `key` of the findings; None where the language has none, as English has none.

    English is what the finding says itself, so that its sentences stand in one place.
    """
    variants = findings_in(language).get(key, [])
    return _first_filled(variants, language, values, kinds)


def shown(
    value: Any, kind: str, language: Language, values: Values, kinds: Mapping[str, Writer]
) -> str:
    """One value as a message would write it; a dash where it is unknown.

    Raises LookupError for a kind that messages do not know.
    """
    if is_unknown(value):
        return "–"
    if kind not in kinds and kind not in units_in(language):
        raise LookupError(f"There is no kind of value {kind!r}.")
    return _write(value, kind, language, values, kinds) or str(value)


def period(low: date, high: date, language: Language) -> str:
    """Two days as one interval, without repeating a month or year: Jan 4–12, 2018.

    The dash has spaces where it stands between words, as in Jan 4 – Mar 12, and none in 4–12.
    """
    text: str = format_interval(low, high, "yMMMd", locale=language)
    return BETWEEN_NUMBERS.sub("–", THIN_DASH.sub(" – ", text))


def listing(
    items: Iterable[str], language: Language, style: Literal["standard", "or"] = "standard"
) -> str:
    """Several things as a person lists them: a, b and c; in the style `or`: a, b or c."""
    return format_list(list(items), style=style, locale=language)


def keys() -> tuple[str, ...]:
    """All message keys, the same in each language."""
    return tuple(messages_of(LANGUAGES[0]))


def units() -> tuple[str, ...]:
    """All units that messages can count in."""
    return tuple(units_in(LANGUAGES[0]))


@cache
def units_in(language: Language) -> dict[str, dict[str, str]]:
    """Unit → its texts by plural form."""
    found: dict[str, dict[str, str]] = _content(language)["units"]
    return found


@cache
def messages_of(language: Language) -> dict[str, list[str]]:
    """Message key → its variants."""
    return _flat(_content(language)["messages"])


@cache
def findings_in(language: Language) -> dict[str, list[str]]:
    """Message key → its variants, of the findings on data; empty for English."""
    file = FOLDER / f"findings.{language}.yaml"
    if not file.is_file():
        return {}
    return _flat(_read(file)["messages"])


def _flat(tree: Mapping[str, Any]) -> dict[str, list[str]]:
    """The names on the way to each text, joined by points; an empty name is left out."""
    flat: dict[str, list[str]] = {}

    def walk(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, dict):
            for name, inner in node.items():
                walk(inner, (*path, name) if name else path)
        else:
            flat[".".join(path)] = node if isinstance(node, list) else [node]

    walk(tree, ())
    return flat


@cache
def _content(language: Language) -> dict[str, Any]:
    if language not in LANGUAGES:
        raise LookupError(f"There is no language {language!r}, only {', '.join(LANGUAGES)}.")
    content = _read(FOLDER / f"{language}.yaml")
    for file in sorted((FOLDER / language).glob("*.yaml")):
        page = _read(file)["messages"]
        twice = page.keys() & content["messages"].keys()
        if twice:
            raise LookupError(f"{file.name}: {', '.join(sorted(twice))} stand elsewhere too.")
        content["messages"] |= page
    return content


def _read(file: Path) -> dict[str, Any]:
    # libyaml, where PyYAML was built with it: every process that starts reads all catalogues.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
    return content


def _first_filled(
    variants: Sequence[str], language: Language, values: Values, kinds: Mapping[str, Writer]
) -> str | None:
    for text in variants:
        filled = _fill(text, language, values, kinds)
        if filled is not None:
            return filled
    return None


@cache
def _parts(text: str) -> tuple[list[tuple[str, str, str | None]], str]:
    """What stands before each placeholder, its name and kind; and what stands after the last."""
    found, position = [], 0
    for match in PLACEHOLDER.finditer(text):
        name, kind = match.groups()
        found.append((text[position : match.start()], name, kind))
        position = match.end()
    return found, text[position:]


def _fill(text: str, language: Language, values: Values, kinds: Mapping[str, Writer]) -> str | None:
    """The text with its values; None when one is unknown. Values are never parsed as text."""
    parts, last = _parts(text)
    pieces = []
    for before, name, kind in parts:
        value = values.get(name)
        if is_unknown(value):
            return None
        pieces += [before, _write(value, kind, language, values, kinds)]
    filled = "".join(pieces) + last
    return upper_first(filled) if text.startswith("{feature:field}") else filled


def is_unknown(value: Any) -> bool:
    """Whether a value counts as unknown: None, NaN, NaT or NA."""
    if type(value) in (str, int, bool):  # nearly all; pandas takes ten times as long to say so
        return False
    if type(value) is float:
        return value != value
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _write(
    value: Any,
    kind: str | None,
    language: Language,
    values: Values,
    kinds: Mapping[str, Writer],
) -> str:
    if kind is None:
        return str(value)
    if kind in units_in(language):
        return counted(value, kind, language)
    return kinds[kind](value, language, values)


def counted(value: float, unit: str, language: Language) -> str:
    """A number and its unit, in the plural form that belongs to the number as shown."""
    return values_written.counted(value, units_in(language)[unit], language)


def _gain(value: float, language: Language, values: Values) -> str:
    """Money; "under $0.10" where it is less than that, and more than nothing."""
    least = smallest_gain(values.get("currency"))
    if 0 < value < least:
        return message("hardly", language, {**values, "least": least}, KINDS)
    return money(value, language, values)


def upper_first(text: str) -> str:
    """The text with its first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """The text with its first letter in lower case, for the middle of a sentence."""
    return text[:1].lower() + text[1:]


def alone(write: Callable[[Any, Language], str]) -> Writer:
    """A kind of value that is written without regard to the other values of the message."""
    return lambda value, language, _values: write(value, language)


KINDS: dict[str, Writer] = {
    "money": money,
    "gain": _gain,
    "currency": alone(currency_sign),
    "number": alone(number),
    "decimal": alone(decimal),
    "percent": alone(percent),
    "expected": alone(expected),
    "share": alone(share),
    "points": alone(points),
    "fine_points": alone(fine_points),
    "error": alone(error),
    "date": alone(written_date),
    "day": alone(short_date),
    "month": alone(month),
    "moment": alone(moment),
}
