"""Recognises a known export by its columns, and finds these in a table whatever their spelling."""

import re
from collections.abc import Sequence

from sources.contract import TABLES
from sources.cures import named
from sources.meanings.column_names import plain_name
from sources.proposing.export import Export
from sources.proposing.known_exports import EXPORTS

COLUMN = re.compile(r"\{([^{}]+)\}")


def recognised(names: Sequence[str]) -> Export | None:
    """The export that says most of these column names; None where none has all of its own."""
    there = {plain_name(name) for name in names}
    found = [e for e in EXPORTS if all(plain_name(name) in there for name in e.says)]
    return max(found, key=lambda export: len(export.says), default=None)


def own_names(export: Export, names: Sequence[str]) -> dict[str, list[str]]:
    """For each column of the contract the table's columns that hold it, best first."""
    by_plain = {plain_name(name): name for name in names}
    found = {
        target: [by_plain[plain_name(way)] for way in ways if plain_name(way) in by_plain]
        for target, ways in export.columns.items()
        if target in TABLES[export.table].columns
    }
    return {target: ways for target, ways in found.items() if ways}


def in_own_names(template: str, names: Sequence[str]) -> str | None:
    """A template with {columns} as SQL over the table's own; None where one is not there."""
    by_plain = {plain_name(name): name for name in names}
    wanted = COLUMN.findall(template)
    if any(plain_name(name) not in by_plain for name in wanted):
        return None
    return COLUMN.sub(lambda match: named(by_plain[plain_name(match[1])]), template)


def columns_in(template: str, names: Sequence[str]) -> list[str]:
    """The table's own columns that a template names."""
    by_plain = {plain_name(name): name for name in names}
    return [by_plain[plain_name(n)] for n in COLUMN.findall(template) if plain_name(n) in by_plain]
