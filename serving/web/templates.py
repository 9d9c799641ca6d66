"""The pages' Jinja templates, which escape whatever they are given; needs no store and no model."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.wording.writing import upper_first

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


def style() -> str:
    """The style of all pages, for one that stands alone."""
    return (STATIC / "regulars.css").read_text(encoding="utf-8")
