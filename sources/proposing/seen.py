"""A table as it was found, before anything is known of it, and what is proposed to make of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from sources.proposing.contents import Contents, contents_of


@dataclass(frozen=True)
class Seen:
    """One table of a file: where it is, some of its rows as cells of text, and how many it has.

    `more` reads the first rows, for what only many neighbouring rows show.
    """

    address: str
    frame: pd.DataFrame
    rows: int
    more: Callable[[], pd.DataFrame] | None = None

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [str(column) for column in self.frame.columns]

    @cached_property
    def head(self) -> pd.DataFrame:
        """Its first rows, as many as are needed to see how columns belong together."""
        return self.frame if self.more is None else self.more()

    @cached_property
    def contents(self) -> dict[str, Contents]:
        """What the cells of each column show."""
        return contents_of(self.frame)


@dataclass(frozen=True)
class Chosen:
    """What a column of the contract is made of, why, and what its cells show."""

    target: str
    source: str
    why: str
    shows: str = ""


@dataclass
class Plan:
    """What a table of the contract is made of: the part of the section `source` that is its own."""

    table: str
    addresses: list[str]
    recognised: str
    columns: dict[str, str] = field(default_factory=dict)
    derive: dict[str, str] = field(default_factory=dict)
    keeps: str = ""
    timezone: str = ""
    chosen: list[Chosen] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def rename(self, target: str, source: str, why: str, shows: str = "") -> None:
        """Take a column as it is."""
        if source != target:
            self.columns[target] = source
        self.chosen.append(Chosen(target, source, why, shows))

    def compute(self, target: str, expression: str, why: str) -> None:
        """Make a column of an expression, instead of what it was made of before."""
        self.columns.pop(target, None)
        self.chosen = [c for c in self.chosen if c.target != target]
        self.derive[target] = expression
        self.chosen.append(Chosen(target, expression, why))

    def source_of(self, target: str) -> str | None:
        """The column of the source that a column of the contract is renamed from."""
        return next((c.source for c in self.chosen if c.target == target), None)
