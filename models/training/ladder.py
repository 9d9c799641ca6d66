"""The ladder: how models were made and judged, and what data the next higher rung needs.

1 to 4  by dates and folds of customers (features/planning/rungs.py)
5       too few customers or outcomes for trees: buy-till-you-die models and a regression
6       no outcome has closed that could judge: buy-till-you-die models on the whole history
7       nobody bought on two days: a rule ranks
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.files import read_json, write_json
from features.planning.rungs import BY_RULE, PARAMETRIC, UNJUDGED
from features.planning.timeplan import Timeline
from models.gate import Need

FILE = "rung.json"
WHAT = {
    1: "trained, validated and tested on dates one after the other",
    2: "trained, validated and tested on dates one after the other; the first date has one horizon "
    "of history before it, and features that look back further are left out",
    3: "tested on later dates; the history leaves no validation dates, so trees and calibration "
    "are chosen by folds of the customers",
    4: "judged on other customers, not on a later time: no test date lies after the training",
    5: "too little data for trees: the rhythm of purchases and a regression score",
    6: "not judged: no outcome has closed yet; the rhythm of purchases scores",
    7: "a rule ranks: the rhythm of purchases cannot be learned yet",
}


@dataclass(frozen=True)
class Rung:
    """`needs` is what the next higher rung needs; `tree_weight` is the weight of trees (0 to 1)."""

    number: int = 1
    needs: tuple[Need, ...] = ()
    tree_weight: float = 1.0
    why: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether outcomes have judged the models that score: only then can one be champion."""
        return self.number < UNJUDGED

    @property
    def words(self) -> str:
        """The rung in a sentence, and why it is no higher where that is known."""
        return f"rung {self.number} of {BY_RULE}: {WHAT[self.number]}" + (
            f" ({self.why})" if self.why else ""
        )

    def to_json(self) -> dict[str, Any]:
        """The rung as plain data, for manifests."""
        return {
            "rung": self.number,
            "what": WHAT[self.number],
            "why": self.why,
            "tree_weight": self.tree_weight,
            "needs": [{"what": n.what, "have": n.have, "need": n.need} for n in self.needs],
        }

    def save(self, folder: Path) -> None:
        """Write `rung.json`."""
        write_json(folder / FILE, self.to_json())

    @classmethod
    def load(cls, folder: Path) -> "Rung":
        """Read what `save` wrote; the highest rung for models that were saved without one."""
        if not (folder / FILE).exists():
            return cls()
        content = read_json(folder / FILE)
        needs = tuple(Need(**need) for need in content["needs"])
        return cls(content["rung"], needs, content["tree_weight"], content["why"])


def rung_of(timeline: Timeline, tree_weight: float, distance: dict[str, tuple[int, int]]) -> Rung:
    """The rung of models trained by a time plan, given the weight of their trees.

    `distance` is what trees would need (have, need), by customers, leavers and stayers.
    """
    missing = {what: pair for what, pair in distance.items() if pair[0] < pair[1]}
    if tree_weight == 0:
        return Rung(PARAMETRIC, needs_of(missing), tree_weight)
    return Rung(timeline.rung, history_needs(timeline), tree_weight)


def history_needs(timeline: Timeline) -> tuple[Need, ...]:
    """The days of history that a higher rung needs; empty where no length of history would do."""
    if timeline.days_to_next_rung is None:
        return ()
    have = timeline.data_until - timeline.data_from
    return (Need("history_days", have, timeline.days_to_next_rung),)


def needs_of(distance: dict[Any, tuple[int, int]]) -> tuple[Need, ...]:
    """The pairs (have, need) of a distance as `Need`s."""
    return tuple(Need(what, *pair) for what, pair in distance.items())
