"""Changes values of params.yaml in place: comments, order and every other line stay as they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from core.errors import ParamsError

WIDEST = 98  # characters of a line; a longer mapping is written on several
INDENT = 2
BEFORE = ".before"


def changed(text: str, values: Mapping[str, Any]) -> str:
    """The text of params.yaml with values by their dotted key; what has the value already stays.

    Raises ParamsError where a section is missing, or the text is no YAML.
    """
    try:
        held = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParamsError(f"params.yaml is not valid YAML: {error}") from None
    for key, value in values.items():
        if _at(held, key) == (True, value):
            continue
        text = _with(text, key, value)
    after = yaml.safe_load(text)
    for key, value in values.items():
        if _at(after, key) != (True, value):
            raise ParamsError(f"{key} could not be written into params.yaml: set it by hand.")
    return text


def replace(path: Path, text: str) -> Path:
    """Write the file at once, whole or not at all; the former one is kept beside it."""
    before = path.with_name(path.name + BEFORE)
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    kept = before.with_name(before.name + ".new")
    kept.write_bytes(path.read_bytes())
    kept.replace(before)
    new.replace(path)
    return before


def _at(held: Any, key: str) -> tuple[bool, Any]:
    for part in key.split("."):
        if not isinstance(held, dict) or part not in held:
            return False, None
        held = held[part]
    return True, held


def _with(text: str, key: str, value: Any) -> str:
    section, _, name = key.rpartition(".")
    node = yaml.compose(text)
    for part in section.split("."):
        node = _child(node, part)[1] if node is not None else None
    if not isinstance(node, yaml.MappingNode):
        raise ParamsError(f"params.yaml has no section {section}, in which {name} would stand.")
    key_node, value_node = _child(node, name)
    if key_node is None:
        last = node.value[-1][1]
        indent = node.value[0][0].start_mark.column
        end = _end_of_line(text, _end(last))
        return f"{text[:end]}\n{' ' * indent}{_entry(name, value, indent)}{text[end:]}"
    indent = key_node.start_mark.column
    start, end = key_node.start_mark.index, _end(value_node)
    return text[:start] + _entry(name, value, indent) + text[end:]


def _child(node: Any, name: str) -> tuple[Any, Any]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name:
                return key, value
    return None, None


def _end(node: Any) -> int:
    """Where a value ends. A block ends with its last leaf, not with the comments behind it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return end


def _end_of_line(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _entry(name: str, value: Any, indent: int) -> str:
    flow = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9
    )
    line = f"{name}: {flow.removesuffix(chr(10)).removesuffix('...').strip()}"
    if not isinstance(value, dict | list) or len(line) + indent <= WIDEST:
        return line
    block = yaml.safe_dump(
        value, default_flow_style=False, allow_unicode=True, sort_keys=False, width=10**9
    )
    lines = [" " * (indent + INDENT) + part for part in block.splitlines()]
    return "\n".join([f"{name}:", *lines])
