"""Formats figures for the model card and the summary; an undefined figure is a dash."""

import re
from collections.abc import Mapping

ABSENT = "–"
HYPHEN, MINUS = "-", "\u2212"


def figure(value: float, form: str) -> str:
    """The value in the given format with a minus sign, and without a sign where it shows as 0."""
    text = format(value, form)
    return text.replace(HYPHEN, MINUS) if re.search("[1-9]", text) else text.lstrip("+-")


def written(value: float | None, form: str) -> str:
    """The value in the given format, as in `written(0.5, ".1%")`."""
    return ABSENT if value is None else figure(value, form)


def with_interval(known: Mapping[str, float] | None, form: str = ".3f") -> str:
    """The value and its 95 % interval, as far as there is one."""
    if known is None:
        return ABSENT
    value = figure(known["value"], form)
    if "low" not in known:
        return value
    return f"{value} ({figure(known['low'], form)} to {figure(known['high'], form)})"


def cell(name: str) -> str:
    """A name, made safe for a cell of a table: attributes and their values may have any name."""
    return " ".join(name.replace("_", " ").split()).replace("|", "\\|")
