"""A reason as stored in a table and as shown; no model has to be loaded to convert it."""

from collections.abc import Mapping
from typing import Any

# Fields of a reason that may hold text, and the table column that then holds it.
TEXTS = {"value": "value_text", "typical_value": "typical_text"}


def stored(reason: Mapping[str, Any]) -> dict[str, Any]:
    """A reason as a row of a table, where each column has one type: text has columns of its own.

    For text `value` and `typical_value` are empty, and `value_text` and `typical_text` hold it.
    """
    if not any(isinstance(reason[name], str) for name in TEXTS):
        return dict(reason)
    texts = {text: reason[name] for name, text in TEXTS.items()}
    return {**reason, **dict.fromkeys(TEXTS), **texts}


def restored(reason: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `stored`: number or text under one name."""
    if not any(text in reason for text in TEXTS.values()):
        return dict(reason)
    plain = {name: value for name, value in reason.items() if name not in TEXTS.values()}
    texts = {name: reason.get(text) for name, text in TEXTS.items()}
    return {**plain, **{name: text for name, text in texts.items() if text is not None}}
