"""The distance to a model, where the data is below its gates."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

What = Literal["customers", "leavers", "stayers", "history_days"]


@dataclass(frozen=True)
class Need:
    """How far one data gate is: what there is of something, and what a model needs."""

    what: What
    have: int
    need: int


@dataclass(frozen=True)
class Gate:
    """Why a rule ranks and no model scores: the reason in words, the distance in numbers."""

    why: str
    distance: tuple[Need, ...]

    @classmethod
    def of(cls, why: str, distance: Mapping[Any, tuple[int, int]]) -> "Gate":
        """From the distance an error carries: have and need by what."""
        return cls(why, tuple(Need(what, *pair) for what, pair in distance.items()))

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"why": self.why, "distance": [asdict(need) for need in self.distance]}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Gate":
        """The reverse of `to_json`."""
        return cls(content["why"], tuple(Need(**need) for need in content["distance"]))
