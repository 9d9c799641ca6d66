"""Wording: a message key and its values in, a sentence in the reader's language out.

The sentences are in `messages/<language>.yaml`; `writing` explains them and most kinds of value.
Two kinds need to know the features:

    field     a feature or card field by its name: purchases in the last 90 days
    column    the same of a column of a ready table, never with a capital of ours
    quantity  a number in the unit of the feature that the value `feature` names, or a text

Features of the company's own code have no message: values `label` (by language) and `unit` tell how
they are told.
"""

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from features.families import own_events
from features.params import ATTRIBUTE, OWN
from features.snapshot import all_features
from models.words import CHANGE_LIMITS, CHANGES
from serving.wording import writing
from serving.wording.languages import LANGUAGES, Language
from serving.wording.values import Values, money, number, percent
from serving.wording.writing import (
    keys,
    listing,
    messages_of,
    period,
    upper_first,
)
from sources.contract import COLUMN

__all__ = [
    "field_label",
    "is_message",
    "keys",
    "label",
    "listing",
    "period",
    "sentence",
    "upper_first",
    "written",
]

WINDOW = re.compile(r"_(\d+)d$")
KEPT = 4_000  # names of fields whose words are kept
REASON, TOLD = "reason.", "reason_told"


def sentence(key: str, language: Language, **values: Any) -> str:
    """The message `key` with its values, in `language`; raises LookupError as `message` does."""
    if key.startswith(REASON) and not writing.is_unknown(values.get("value")):
        key, values = _told(key, values)
    return writing.message(key, language, values, KINDS)


def _told(key: str, values: Values) -> tuple[str, dict[str, Any]]:
    """The message of a reason whose value is told: that of the feature, where it has its own."""
    if not is_message(key):
        return key, dict(values)
    of_feature = f"{TOLD}.{values.get('feature')}"
    general = f"{TOLD}.column" if key.startswith(f"{REASON}columns.") else f"{TOLD}.feature"
    told = dict(values)
    if values.get("typical_of") == "alike":
        told |= {"alike_value": values["typical_value"], "typical_value": None}
    return of_feature if is_message(of_feature) else general, told


def label(key: str, language: Language, **values: Any) -> str:
    """As `sentence`, for names that users add (actions, channels, features).

    Without a message the name itself is made readable: `action.garden_party` is Garden party.
    """
    return sentence(key, language, **values) if values and is_message(key) else _name(key, language)


@lru_cache(maxsize=KEPT)
def _name(key: str, language: Language) -> str:
    if is_message(key):
        return sentence(key, language)
    return upper_first(key.rpartition(".")[2].replace("_", " "))


@lru_cache(maxsize=KEPT)
def field_label(name: str, language: Language) -> str:
    """A card field or feature by name: `orders_90d` is purchases in the last 90 days."""
    event = own_events.parse(name)
    if event is not None:
        return _event_label(event, language)
    window = WINDOW.search(name)
    general = f"field.{WINDOW.sub('_Nd', name)}"
    if window and is_message(general):
        return sentence(general, language, window=int(window[1]))
    if is_message(f"field.{name}"):
        return sentence(f"field.{name}", language)
    if name.startswith(COLUMN):
        return name.removeprefix(COLUMN)
    # An attribute has the name of the user's own table, in any language; a feature of the user's
    # own code that of its function where its label is not at hand.
    return name.removeprefix(ATTRIBUTE).removeprefix(OWN).replace("_", " ")


def _event_label(event: own_events.Named, language: Language) -> str:
    """A feature of events of the company's own kind; underscores in its name are spaces."""
    ending = "" if event.window is None else "_Nd"
    kind = event.kind.replace("_", " ")
    key = f"field.events_{event.statistic}{ending}"
    return sentence(key, language, kind=kind, window=event.window)


def written(value: Any, kind: str, language: Language, **values: Any) -> str:
    """One value as a message would write it; a dash where it is unknown.

    Raises LookupError for a kind that messages do not know.
    """
    return writing.shown(value, kind, language, values, KINDS)


def is_message(key: str) -> bool:
    """Whether a message has this key."""
    return key in messages_of(LANGUAGES[0])


def _field(value: str, language: Language, values: Values) -> str:
    """A feature or card field by its `label`, where it has one of its own, or by its name."""
    label_of = values.get("label") or {}
    return str(label_of.get(language) or field_label(value, language))


def _quantity(value: Any, language: Language, values: Values) -> str:
    """A value in the unit of its feature; a text as it is."""
    if isinstance(value, str):
        return value
    unit = values.get("unit") or _unit_of(str(values.get("feature")))
    if unit == "money":
        return money(value, language, values)
    if unit == "days":
        return writing.counted(value, "days", language)
    return BY_UNIT.get(str(unit), number)(value, language)


@lru_cache(maxsize=KEPT)
def _unit_of(feature: str) -> str | None:
    event = own_events.parse(feature)
    return _units_of_features().get(feature) if event is None else event.unit


@cache
def _units_of_features() -> dict[str, str]:
    return {feature.name: feature.unit for feature in all_features()}


def _change(value: float, language: Language) -> str:
    """A log ratio in words; 1 is added to both sides, so a figure would mislead for small ones."""
    return sentence(f"change.{CHANGES[bisect_left(CHANGE_LIMITS, value)]}", language)


def _yes_no(value: float, language: Language) -> str:
    return sentence("yes" if value else "no", language)


def _times(value: float, language: Language) -> str:
    return f"{number(value, language)}\xa0×"


KINDS = {
    **writing.KINDS,
    "field": _field,
    "quantity": _quantity,
    "column": writing.alone(field_label),
}
BY_UNIT: dict[str, Callable[[Any, Language], str]] = {
    "share": percent,
    "ratio": _times,
    "log ratio": _change,
    "0 or 1": _yes_no,
}
