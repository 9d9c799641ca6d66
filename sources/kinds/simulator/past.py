"""What contacts so far have shown of how customers respond: chances after the fact (Bayes)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.arrays import BoolArray as Flags
from core.arrays import FloatArray as Floats
from core.arrays import IntArray as Ints
from sources.kinds.simulator.contacts import ABOUT_TO, SOON
from sources.kinds.simulator.people import NEVER
from sources.kinds.simulator.process import Phases
from sources.kinds.simulator.worlds import (
    PERSUADABLE,
    REDEEMS,
    RESPONSES,
    SLEEPING_DOG,
    Action,
    World,
)


def chances_of(
    world: World, action: Action, is_about_to: Flags, tires: Floats
) -> tuple[Floats, Floats]:
    """Chances to be kept and to be driven away by an action, (n, responses) each.

    Of who is still there: `is_about_to` leave, and by how much a third contact tires them.
    """
    kept = np.zeros((len(tires), len(RESPONSES)))
    kept[:, PERSUADABLE] = np.where(is_about_to, action.keeps, 0.0)
    repels = np.zeros(len(RESPONSES))
    repels[SLEEPING_DOG] = action.repels
    return kept, (1 - kept) * (1 - (1 - repels) * (1 - tires[:, None]))


@dataclass(frozen=True)
class Past:
    """Contacts that were made before a date, by customer and in order of time."""

    who: Ints
    day: Floats
    rows: pd.DataFrame

    @classmethod
    def of(cls, contacts: pd.DataFrame, ids: "pd.Index[str]", date: float) -> "Past":
        """The contacts of the truth that were made before a date; `ids` are all customers."""
        rows = contacts[contacts["is_treated"].to_numpy(bool) & (contacts["day"] < date)]
        who = ids.get_indexer(pd.Index(rows["customer_id"]))
        order = np.lexsort((rows["day"].to_numpy(), who))
        rows = rows.iloc[order].assign(
            coupon_day=lambda frame: frame["coupon_day"].where(frame["coupon_day"] < date)
        )
        return cls(who[order], rows["day"].to_numpy(float), rows)

    def would_tire(self, date: float, n: int) -> Flags:
        """Who had two contacts so lately that another may tire them."""
        lately = self.day > date - ABOUT_TO
        return np.asarray(np.bincount(self.who[lately], minlength=n) >= 2)

    def responses(self, world: World, phases: Phases, customers: pd.DataFrame) -> Floats:
        """How likely each response is, (customers, responses), after what contacts have shown."""
        chances = customers[[f"chance_{name}" for name in RESPONSES]].to_numpy(float)
        before = np.full(len(self.who), -NEVER)
        before[2:] = np.where(self.who[2:] == self.who[:-2], self.day[:-2], -NEVER)
        tires = np.where(self.day - before < ABOUT_TO, world.fatigue, 0.0)
        # The phase before the contact, which may have begun another.
        now = phases.take(_last_before(phases, self.who, self.day))
        left = now.leaves - self.day
        likely = np.ones((len(self.who), len(RESPONSES)))
        outcome, action = (self.rows[name].to_numpy(int) for name in ("outcome", "action"))
        # Driven away is only who would not have left sooner.
        in_time = -np.expm1(-np.maximum(left, 0.0) / SOON)[:, None]
        for index, one in enumerate(world.actions):
            kept, repelled = chances_of(world, one, left < ABOUT_TO, tires)
            seen = np.select(
                [outcome[:, None] == 1, outcome[:, None] == -1],
                [kept, repelled * in_time],
                1 - kept - repelled * in_time,
            )
            is_so = (action == index) & (left > 0)
            likely[is_so] = seen[is_so]
        could = self.rows["coupon_day"].notna().to_numpy()
        takes = self.rows["takes_coupon"].to_numpy(bool)
        redeems = np.where(takes[:, None], REDEEMS, 1 - np.array(REDEEMS))
        likely = np.where(could[:, None], likely * redeems, likely)
        chances = chances.copy()
        np.multiply.at(chances, self.who, likely)
        return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def _last_before(phases: Phases, who: Ints, day: Floats) -> Ints:
    """Positions of the phases in which customers were just before a day."""
    found = pd.Series(np.arange(len(phases.who))).groupby(phases.who).first().to_numpy()
    at = found[who]
    while True:
        further = np.minimum(at + 1, len(phases.who) - 1)
        goes = (further > at) & (phases.who[further] == who) & (phases.begins[further] < day)
        if not goes.any():
            return np.asarray(at)
        at = np.where(goes, further, at)
