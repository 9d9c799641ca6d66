"""Lines for params.yaml found in messages of the check, and what happens when they are followed.

… Write below source: in params.yaml, where the day stands first: derive: {…}; where the month
stands first: derive: {…}.                          two lines: which of them a person has to say
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

START = re.compile(r"\b(columns|derive|filter|numbers): \{")
WHERE = re.compile(r"where (?:the|it|its)? ?([^:;,.]*? stands [^:;,.]*)")
EXAMPLE = re.compile(r"for example\s*$")
STANDS = re.compile(r"\bstands?\b ?")


@dataclass(frozen=True)
class Line:
    """One line that a message offers: its section with the whole content, and when it is right."""

    section: str
    content: dict[str, Any]
    when: str

    @property
    def text(self) -> str:
        """The line as it was printed, or nearly so."""
        return f"{self.section}: {json.dumps(self.content, ensure_ascii=False)}"

    def targets(self, source: Mapping[str, Any]) -> list[str]:
        """What the line changes in a section `source`, as table.column (filter: the table)."""
        held = source.get(self.section, {})
        found = []
        for table, new in self.content.items():
            if isinstance(new, str):
                found += [table] if held.get(table) != new else []
                continue
            before = held.get(table, {})
            found += [f"{table}.{name}" for name, way in new.items() if before.get(name) != way]
        return found


def lines_in(message: str) -> list[Line]:
    """The lines of a message that can be followed as they are; an example is none of them."""
    found, at = [], 0
    while match := START.search(message, at):
        end = _end(message, match.end() - 1)
        if end is None:
            break
        content = _content(message[match.start() : end], match[1])
        before = message[at : match.start()]
        if content is not None and not EXAMPLE.search(before):
            found.append(Line(match[1], content, _when(before, message[end:])))
        at = end
    return list({(line.section, repr(line.content)): line for line in found}.values())


def followed(source: Mapping[str, Any], line: Line) -> dict[str, Any]:
    """The section `source` with the line in it."""
    merged = {name: dict(value) for name, value in source.get(line.section, {}).items()
              if isinstance(value, dict)}  # fmt: skip
    if line.section == "filter":
        return {**source, "filter": {**source.get("filter", {}), **line.content}}
    for table, new in line.content.items():
        merged[table] = {**merged.get(table, {}), **new}
    result = {**source, line.section: merged}
    if line.section == "derive":  # a column both renamed and computed is the computed one
        columns = {
            table: {c: s for c, s in renames.items() if c not in merged.get(table, {})}
            for table, renames in source.get("columns", {}).items()
        }
        result["columns"] = {table: renames for table, renames in columns.items() if renames}
    return {key: value for key, value in result.items() if value != {}}


def _end(message: str, start: int) -> int | None:
    """Where the brace at `start` closes, braces in quotes not counted."""
    depth, quote = 0, ""
    place = start
    while place < len(message):
        letter = message[place]
        if quote:
            if letter == "\\":
                place += 1
            elif letter == quote:
                quote = ""
        elif letter == '"':
            quote = letter
        elif letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
            if depth == 0:
                return place + 1
        place += 1
    return None


def _content(text: str, section: str) -> dict[str, Any] | None:
    try:
        content = yaml.safe_load(text)[section]
    except yaml.YAMLError:
        return None
    return content if isinstance(content, dict) else None


def _when(before: str, after: str) -> str:
    """When a line is right: "day first", "comma between thousands", or the words before it."""
    later = WHERE.match(after.strip())
    earlier = list(WHERE.finditer(before))
    if later or earlier:
        said = later[1] if later else earlier[-1][1]
        return re.sub(r"\s+", " ", STANDS.sub("", said)).strip()
    return re.split(r"(?<=[.?!]) ", before.strip())[-1].rstrip(":; ")
