"""What describes an export: the columns that tell it from others, and what its columns mean."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Derived:
    """One computed column: an expression over {columns} and the reason for it."""

    target: str
    expression: str
    why: str


@dataclass(frozen=True)
class Export:
    """One export as a program writes it; `says` are the columns that tell it from others.

    `columns` lists for each column of the contract the names it goes by, best first; `derive` holds
    expressions, each taken if all its {columns} are there; `keeps` conditions of rows that count,
    of which the first with all its columns is taken.
    """

    name: str
    table: str
    says: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    derive: tuple[Derived, ...] = ()
    keeps: tuple[tuple[str, str], ...] = ()  # conditions over {columns}, each with its reason
    said: tuple[str, ...] = ()  # what the user should know of the money
    timezone: str = ""  # where the export names none in its cells
    lacks: str = ""  # why nothing can be done with it, and what would help
