"""How far the data is from a model, where it is below the data gates."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from typing_extensions import TypeAliasType

# named: the API's document refers to it by that name
DataGate = TypeAliasType("DataGate", Literal["customers", "leavers", "stayers", "history_days"])


@dataclass(frozen=True)
class Need:
    """One data gate: how much of something the data has, and how much a model needs."""

    what: DataGate
    have: int
    need: int


@dataclass(frozen=True)
class Gate:
    """Why a rule ranks instead of a model: the reason in words, the distance in numbers."""

    why: str
    distance: tuple[Need, ...]

    @classmethod
    def of(cls, why: str, distance: Mapping[Any, tuple[int, int]]) -> "Gate":
        """Build a gate from the `distance` of an error: (have, need) by what is counted."""
        return cls(why, tuple(Need(what, *pair) for what, pair in distance.items()))

    def to_json(self) -> dict[str, Any]:
        """The gate as plain data."""
        return {"why": self.why, "distance": [asdict(need) for need in self.distance]}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Gate":
        """The reverse of `to_json`."""
        return cls(content["why"], tuple(Need(**need) for need in content["distance"]))
