"""Talking points of the catalogue, filled: the placeholders of actions/plan/talking_points.py."""

import re
from collections.abc import Mapping
from typing import Any

from actions.plan.talking_points import FOUND, PLACEHOLDERS
from serving.wording.languages import Language
from serving.wording.sentences import upper_first, written
from serving.wording.writing import is_unknown

# How the values are written that are not texts.
KIND_OF = {
    "last_purchase_date": "date",
    "next_purchase_date": "date",
    "days_since_last_purchase": "days",
    "value_at_risk": "money",
}


AT_THE_END = re.compile(r"(?<!\.)\.\.(?!\.)")  # a day that ends with a full stop (2 ноября 2017 г.)


def pointed(text: str, language: Language, values: Mapping[str, Any]) -> str | None:
    """The text with its values; None where one is unknown. Values are never parsed as text."""
    names = FOUND.findall(text)
    if any(name not in PLACEHOLDERS or is_unknown(values.get(name)) for name in names):
        return None

    def filled(name: str) -> str:
        kind = KIND_OF.get(name)
        if kind is None:
            return str(values[name])
        return written(values[name], kind, language, currency=values.get("currency"))

    return upper_first(AT_THE_END.sub(".", FOUND.sub(lambda match: filled(match[1]), text)))
