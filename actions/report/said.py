"""What a report says, before it is put into words: a key of `texts.py` and its values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Said:
    """A sentence by its key."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A covariate that is not used, and why."""

    column: str
    why: Said
