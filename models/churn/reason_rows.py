"""A reason as a row of a table and as it is told: what needs no model to be loaded."""

from collections.abc import Mapping
from typing import Any

# Features named by the data, one for each customer attribute that may be learned from: each is a
# reason of its own, since nothing else of its group could stand for it.
ATTRIBUTE = "attribute_"
# Fields of a reason that may be text, and where a table keeps that.
TEXTS = {"value": "value_text", "typical_value": "typical_text"}


def stored(reason: Mapping[str, Any]) -> dict[str, Any]:
    """A reason for a table, whose columns hold one type: text stands beside the numbers.

    `value` and `typical_value` are then empty, `value_text` and `typical_text` hold the text.
    """
    if not any(isinstance(reason[name], str) for name in TEXTS):
        return dict(reason)
    told = {text: reason[name] for name, text in TEXTS.items()}
    return {**reason, **dict.fromkeys(TEXTS), **told}


def told(reason: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `stored`: number or text under one name."""
    plain = {name: value for name, value in reason.items() if name not in TEXTS.values()}
    texts = {name: reason.get(text) for name, text in TEXTS.items()}
    return {**plain, **{name: text for name, text in texts.items() if text is not None}}
