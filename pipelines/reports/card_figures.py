"""Formats figures for the model card and the summary; an undefined figure is a dash."""

from collections.abc import Mapping

ABSENT = "–"


def written(value: float | None, form: str) -> str:
    """The value in the given format, as in `written(0.5, ".1%")`."""
    return ABSENT if value is None else format(value, form)


def with_interval(figure: Mapping[str, float] | None, form: str = ".3f") -> str:
    """The value and its 95 % interval."""
    if figure is None:
        return ABSENT
    value, low, high = (format(figure[name], form) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def cell(name: str) -> str:
    """A name, made safe for a cell of a table: attributes and their values may have any name."""
    return " ".join(name.replace("_", " ").split()).replace("|", "\\|")
