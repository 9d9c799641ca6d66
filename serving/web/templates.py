"""The pages' Jinja templates, which escape all values; it needs neither store nor models."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.wording.writing import lower_first, upper_first

SERVING = Path(__file__).parents[1]
STATIC = SERVING / "static"
templates = Environment(
    loader=FileSystemLoader(SERVING / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters["upper_first"] = upper_first
templates.filters["lower_first"] = lower_first


def style() -> str:
    """The style sheet of all pages, for a page that has to contain it."""
    return (STATIC / "regulars.css").read_text(encoding="utf-8")
