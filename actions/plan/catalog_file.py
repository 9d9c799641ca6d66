"""Reads the catalogue, and refuses a wrong one with the file, the line and the cure."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from actions.plan.catalog import (
    Action,
    Capacity,
    Catalog,
    Names,
    Points,
    Reduction,
    RiskReduction,
    Timing,
)
from actions.plan.eligibility import OnlyIf, Span
from core.errors import CatalogError, did_you_mean

# Which keys are allowed where: by the last key on the way there.
PARTS: dict[str, type[BaseModel]] = {
    "actions": Action,
    "name": Names,
    "talking_points": Points,
    "risk_reduction": RiskReduction,
    "by_segment": Reduction,
    "only_if": OnlyIf,
    "capacity": Capacity,
    "timing": Timing,
}
ASSUMPTION = "assumption"
# What a key that is missing may be, for those that an example tells best.
EXAMPLES = {
    "currency": ("name the currency of all costs", "currency: EUR"),
    "channels": ("name the ways to reach the customer, the best first", "channels: [email, phone]"),
    "source": ("say where the assumed effect comes from", f"source: {ASSUMPTION}"),
}
# The keys of the format before it had several channels: their new names.
RENAMED = {"channel": "channels", "redeem_rate": "accept_rate"}
# What is wrong with a value of the wrong kind, by pydantic's word for it.
MUST_BE = {
    "tuple_type": "must be a list in brackets",
    "too_short": "is empty: it needs at least one entry",
    "dict_type": "must have keys of its own",
    "mapping_type": "must have keys of its own",
    "model_type": "must have keys of its own",
    "string_type": "must be text: put it in quotes",
    "string_pattern_mismatch": "may have small letters, digits and _, and begins with a letter",
    "float_parsing": "must be a number, such as 1.50",
    "int_parsing": "must be a whole number, such as 30",
    "yes_or_no": "must be a number, such as 1.50: this is what YAML reads as yes or no",
}
Place = tuple[Any, ...]


def load_catalog(path: str | Path) -> Catalog:
    """Read and check the catalogue.

    Raises CatalogError that names the file, the line of everything that is wrong, the nearest known
    key for an unknown one, and for a catalogue of the older format the lines to write instead.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except FileNotFoundError:
        raise CatalogError(
            f"{path} does not exist: actions.catalog in params.yaml must name the catalogue."
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        raise CatalogError(f"{path} cannot be read as YAML: {error}") from None
    if not isinstance(content, dict) or not isinstance(root, yaml.MappingNode):
        raise CatalogError(f"{path}: the catalogue is a mapping with the key actions (a list).")
    try:
        twice = [*_twice(root)]
    except RecursionError:
        raise CatalogError(
            f"{path} cannot be used: an alias (*) stands inside what its anchor (&) names, so that "
            "it has no end. Write the lines out instead."
        ) from None
    if twice:
        raise CatalogError(f"{path} cannot be used:\n" + "\n".join(f"  {line}" for line in twice))
    older = _older_format(text, root)
    if older:
        raise CatalogError(
            f"{path} has the format of an older version. Write these lines instead "
            "(docs/actions.md tells what else an action may say):\n" + "\n".join(older)
        )
    try:
        return Catalog.model_validate(content)
    except ValidationError as error:
        lines = [_explain(problem, content, root) for problem in _innermost(error.errors())]
        told = "\n".join(dict.fromkeys(lines))  # one cost for all channels is one mistake
        raise CatalogError(f"{path} cannot be used:\n{told}") from None


def _innermost(problems: Sequence[Any]) -> list[Any]:
    """Without those that only follow from another one further in."""
    places = [problem["loc"] for problem in problems]
    return [
        problem
        for problem in problems
        if not any(one[: len(problem["loc"])] == problem["loc"] != one for one in places)
    ]


def _explain(problem: Mapping[str, Any], content: Any, root: yaml.Node) -> str:
    """One problem as `line, where: what`, with the nearest known key for an unknown one."""
    location = tuple(problem["loc"])
    if problem["type"] == "missing":
        where, what = _where(location[:-1], content), f"{location[-1]} is missing"
        if location[-1] in EXAMPLES:
            what += ": {}, for example {}".format(*EXAMPLES[location[-1]])
        return f"  line {_line(root, location[:-1])}: {where}: {what}"
    if problem["type"] == "extra_forbidden":
        known = list(_model_at(location[:-1]).model_fields)
        hint = did_you_mean(str(location[-1]), known)
        what = f"is unknown.{hint} Known keys: {', '.join(known)}"
        return f"  line {_line(root, location)}: {_where(location, content)} {what}"
    what = _what(problem, location)
    return f"  line {_line(root, location)}: {_where(location, content)}: {what}"


def _what(problem: Mapping[str, Any], location: Place) -> str:
    """What is wrong with a value, and what to write where its kind is wrong."""
    given, kind = problem["input"], problem["type"]
    if given is None:
        return "has no value: give one, or leave the key out"
    shown = "" if isinstance(given, bool | dict | list) else f" (given: {given})"
    said = problem["msg"].removeprefix("Value error, ").replace("Input should", "must", 1)
    told: str = MUST_BE.get(kind, said)
    if kind == "tuple_type" and not isinstance(given, dict):
        told += f", such as [{given}]"
    if MUST_BE.get(kind) == MUST_BE["dict_type"] and location[-1] in PARTS:
        told += f": {', '.join(_model_at(location).model_fields)}"
    return told + shown


def _line(root: yaml.Node, location: Place) -> int:
    """The line of what stands at a place, or of the innermost part of the way that is there."""
    node, line = root, root.start_mark.line
    for part in location:
        found = _child(node, part)
        if found is None:
            break
        line, node = found
    return line + 1


def _child(node: yaml.Node, part: Any) -> tuple[int, yaml.Node] | None:
    """The line of a key or an item, and what stands there."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    return None


def _where(location: Place, content: Any) -> str:
    """`actions.2.why` as `actions[2] (thank_you_letter).why`, as far as the file has it."""
    text, node = "", content
    for part in location:
        if isinstance(node, dict) and part in node:
            text, node = (f"{text}.{part}" if text else str(part)), node[part]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
            name = f" ({node['id']})" if isinstance(node, dict) and "id" in node else ""
            text += f"[{part}]{name}"
        else:
            break
    return text or "catalogue"


def _model_at(location: Place) -> type[BaseModel]:
    """The model whose keys are allowed at a place of the catalogue."""
    names = [part for part in location if isinstance(part, str)]
    if not names:
        return Catalog
    if len(names) > 1 and names[-2] == "by_segment":
        return Reduction
    return PARTS.get(names[-1], Span)


def _twice(node: yaml.Node) -> Iterator[str]:
    """Keys that a mapping has twice, of which YAML would drop the first without a word."""
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            if key.value in lines:
                first = lines[key.value]
                yield f"line {key.start_mark.line + 1}: {key.value} stands in line {first} already"
            lines[key.value] = key.start_mark.line + 1
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(item)


def _older_format(text: str, root: yaml.MappingNode) -> list[str]:
    """The lines to write where keys are those of the older format, else none.

    `line 12: …` stands instead of that line, `before line 14: …` is a new one.
    """
    listed = next((value for key, value in root.value if key.value == "actions"), None)
    actions = listed.value if isinstance(listed, yaml.SequenceNode) else []
    lines = text.splitlines()
    edits: list[tuple[int, int, int, str]] = []
    for action in actions:
        if isinstance(action, yaml.MappingNode):
            edits += _edits(lines, action)
    changed = dict(enumerate(lines))
    for line, start, end, instead in sorted(edits, reverse=True):
        changed[line] = changed[line][:start] + instead + changed[line][end:]
    told = []
    for number in sorted({line for line, *_ in edits}):
        *new, last = changed[number].split("\n")
        told += [f"  before line {number + 1}: {one}" for one in new]
        told += [f"  line {number + 1}: {last}"] if last != lines[number] else []
    return told


def _edits(lines: Sequence[str], action: yaml.MappingNode) -> Iterator[tuple[int, int, int, str]]:
    """What to write in an action of the older format: line, from and to which column, and what."""
    found = {key.value: (key, value) for key, value in action.value}
    if not RENAMED.keys() & found.keys():
        return
    for old, new in RENAMED.items():
        if old in found and new not in found:
            key, value = found[old]
            yield key.start_mark.line, key.start_mark.column, key.end_mark.column, new
            if new == "channels" and isinstance(value, yaml.ScalarNode):
                line, start, end = (
                    value.start_mark.line,
                    value.start_mark.column,
                    value.end_mark.column,
                )
                its = lines[line][start:end]
                yield line, start, end, f"[{its}]" if its else " [email]"
    if "risk_reduction" in found and "source" not in found:
        key, _ = found["risk_reduction"]
        line, column = key.start_mark.line, key.start_mark.column
        separator = ", " if action.flow_style else "\n" + " " * column
        yield line, column, column, f"source: {ASSUMPTION}{separator}"
