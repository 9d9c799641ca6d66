"""The ladder: how models were made and judged, and what data the next higher rung needs.

1 to 4  by dates and folds of customers (features/planning/rungs.py)
5       too few customers or outcomes for trees: buy-till-you-die models and a regression
6       no outcome has closed that could judge: buy-till-you-die models on the whole history
7       nobody bought on two days: a rule ranks
"""

from dataclasses import dataclass, replace
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

WHAT_OF_TABLE = {  # of a ready table, which holds no purchases
    3: "tested on later dates; the table has too few of them for validation, so trees and "
    "calibration are chosen by folds of the customers",
    4: "judged on other customers, not on a later time: the table would need several as-of dates",
    5: "too little data for trees: a regression on the columns of the table scores",
    6: "not judged: too few outcomes; a regression on the columns of the table scores",
}


@dataclass(frozen=True)
class Rung:
    """`needs` is what the next higher rung needs; `tree_weight` is the weight of trees (0 to 1).

    `what` is what the rung means, where that is not as in WHAT.
    """

    number: int = 1
    needs: tuple[Need, ...] = ()
    tree_weight: float = 1.0
    why: str = ""
    what: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether outcomes have judged the models that score: only then can one be champion."""
        return self.number < UNJUDGED

    @property
    def words(self) -> str:
        """The rung in a sentence, and why it is no higher where that is known."""
        return f"rung {self.number} of {BY_RULE}: {self.what or WHAT[self.number]}" + (
            f" ({self.why})" if self.why else ""
        )

    def to_json(self) -> dict[str, Any]:
        """The rung as plain data, for manifests."""
        return {
            "rung": self.number,
            "what": self.what or WHAT[self.number],
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
        number = content["rung"]
        what = content.get("what", WHAT[number])
        told = "" if what == WHAT[number] else what
        return cls(number, needs, content["tree_weight"], content["why"], told)


def rung_of(timeline: Timeline, tree_weight: float, distance: dict[str, tuple[int, int]]) -> Rung:
    """The rung of models trained by a time plan, given the weight of their trees.

    `distance` is what trees would need (have, need), by customers, leavers and stayers.
    """
    missing = {what: pair for what, pair in distance.items() if pair[0] < pair[1]}
    if tree_weight == 0:
        return Rung(PARAMETRIC, needs_of(missing), tree_weight)
    return Rung(timeline.rung, history_needs(timeline), tree_weight)


def rung_of_table(rung: Rung) -> Rung:
    """The same rung as it is worded for a ready table."""
    return replace(rung, what=WHAT_OF_TABLE.get(rung.number, ""))


def history_needs(timeline: Timeline) -> tuple[Need, ...]:
    """The days of history that a higher rung needs; empty where no length of history would do."""
    if timeline.days_to_next_rung is None:
        return ()
    have = timeline.data_until - timeline.data_from
    return (Need("history_days", have, timeline.days_to_next_rung),)


def needs_of(distance: dict[Any, tuple[int, int]]) -> tuple[Need, ...]:
    """The pairs (have, need) of a distance as `Need`s."""
    return tuple(Need(what, *pair) for what, pair in distance.items())
