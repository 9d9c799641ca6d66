"""The style sheet is whole: pages have sections in it, and one left open swallows the next."""

import re

from serving.web.templates import STATIC

CSS = (STATIC / "regulars.css").read_text(encoding="utf-8")


def nesting(css):
    """How deep each line begins, by number; the last is that of the end."""
    depths, depth = [], 0
    for line in css.split("\n"):
        depths.append(depth)
        depth += line.count("{") - line.count("}")
    return [*depths, depth]


def wrongly_nested(css):
    """Lines at which a media query begins within another, and whether the end is open."""
    depths = nesting(re.sub(r"/\*.*?\*/", "", css))
    found = [
        number
        for number, (line, depth) in enumerate(zip(css.split("\n"), depths, strict=False), 1)
        if line.startswith("@media") and depth
    ]
    return found, depths[-1]


def test_no_section_of_the_style_sheet_lies_within_another():
    assert wrongly_nested(CSS) == ([], 0)


def test_a_section_left_open_would_be_found():
    assert wrongly_nested("@media (a) {\n  b { c: d }\n@media (e) { f { g: h } }") == ([3], 1)
