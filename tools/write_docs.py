"""Generates pages from the code: features, parameters, the house, the decisions, the API's calls.

`make docs` runs it; a test fails when a page is not what it would write.
"""

import re
from pathlib import Path

from features.families.definition import Feature
from features.families.own_events import OwnKind, event_features
from features.snapshot import all_features
from tools import bruno
from tools.decision_index import INDEX, decision_index
from tools.house_map import HOUSE, house_page

FEATURES, PARAMETERS = Path("docs/features.md"), Path("docs/parameters.md")
KEY = re.compile(r"^( *)([a-z_0-9]+):(?: ([^#]*?))?(?:\s+# (.*))?$")


def features_page() -> str:
    """The data dictionary: every feature by family."""
    lines = [
        "# Features",
        "",
        "Every feature is a documented function of the history cut at the as-of date, and its name",
        "is its column. A run leaves out features that its data does not support and says why in",
        "`reports/features.json`. Written by `make docs` from `features/`.",
        "",
        "The last column is the value of a customer without a row in the feature's source: a",
        "number, or `unknown` for an empty cell. Only BG/NBD reads the family `btyd`: as a",
        "baseline, and to extrapolate values over more days than any closed outcome has.",
    ]
    family = ""
    for feature in all_features():
        if feature.family != family:
            family = feature.family
            lines += ["", f"## {family}", ""]
            lines += ["| feature | unit | what it is | reason group | source | no row |"]
            lines += ["|---|---|---|---|---|---|"]
        lines.append(_row(feature))
    return "\n".join([*lines, *_own_kinds_lines()]) + "\n"


def _own_kinds_lines() -> list[str]:
    """The features that every kind of events of the company's own gives."""
    lines = [
        "",
        "## own_events",
        "",
        "For every kind of `events` that is not one of ours; `<kind>` is its name. Those of values",
        "are there where the kind has values.",
        "",
        "| feature | unit | what it is | reason group | source | no row |",
        "|---|---|---|---|---|---|",
    ]
    return lines + [_row(f) for f in event_features([OwnKind("<kind>", 1, 1, has_value=True)])]


def _row(feature: Feature) -> str:
    empty = "unknown" if feature.when_none is None else f"{feature.when_none:g}"
    return (
        f"| `{feature.name}` | {feature.unit} | {feature.description} | "
        f"{feature.group or '–'} | {feature.base} | {empty} |"
    )


def parameters_page(text: str) -> str:
    """Every key of params.yaml with its default and its comment."""
    lines = [
        "# Parameters",
        "",
        "Every key of `params.yaml`, the only configuration of the pipeline. An unknown key is",
        "refused.",
        "Written by `make docs` from the comments in `params.yaml`.",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
    ]
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        match = KEY.match(line)
        if line.strip().startswith("#"):
            comment.append(line.strip().lstrip("# "))
        elif match:
            indent, name, value, beside = match.groups()
            path = [*path[: len(indent) // 2], name]
            meaning = " ".join([*comment, *([beside] if beside else [])])
            if value or meaning:
                default = f"`{value}`" if value else ""
                lines.append(f"| `{'.'.join(path)}` | {default} | {meaning} |")
            comment = []
        else:
            comment = []
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all four pages, and the collection of the API's calls."""
    root = Path()
    parameters = Path("params.yaml").read_text(encoding="utf-8")
    house = HOUSE.read_text(encoding="utf-8")
    FEATURES.write_text(features_page(), encoding="utf-8")
    PARAMETERS.write_text(parameters_page(parameters), encoding="utf-8")
    HOUSE.write_text(house_page(root, house), encoding="utf-8")
    INDEX.write_text(decision_index(root), encoding="utf-8")
    bruno.write(root)


if __name__ == "__main__":
    main()
