"""Expected gain and cost of every action for every customer.

    effect         = risk_reduction x churn_risk
    P(accepts)     = accept_rate x P(stays when treated) = accept_rate x (1 - churn_risk + effect)
    expected_cost  = contact_cost + incentive_cost x P(accepts)
    expected_gain  = effect x (value_if_stays - value_if_lapses) x margin_rate - expected_cost

Customers who would have stayed anyway take the incentive too, and that cost is included (design,
section 8). Of an assumed effect the plan counts on the catalogue's low. An estimated one has to pay
by its lower bound, or the action is not for this customer; of those that do, the plan counts on the
mean: the bound says how sure a gain is, not how large. docs/actions.md has a worked example.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from actions.plan.catalog import Action
from actions.plan.channels import contact_costs
from actions.plan.estimates import Estimates, Level
from actions.plan.limits import Reached
from core.arrays import BoolArray, FloatArray

SEGMENT = "rfm_segment"


@dataclass(frozen=True)
class Prospect:
    """Effect, expected cost, expected gain, and whether estimated, each (customers, actions)."""

    effect: FloatArray
    cost: FloatArray
    gain: FloatArray
    is_estimated: BoolArray


@dataclass(frozen=True)
class Prospects:
    """What every action would bring every customer, by the channel that reaches them.

    Without a margin rate there is no gain. `estimates` are those of these customers and actions.
    """

    cards: pd.DataFrame
    actions: Sequence[Action]
    reached: Reached
    margin_rate: float | None
    estimates: Estimates | None = None

    def at(self, level: Level) -> Prospect:
        """Expected effect, cost and gain of every action for every customer.

        Effects are absolute reductions of churn_risk. The gain is NaN where it cannot be computed:
        without a margin rate, without money columns, or for a customer whose value is unknown.
        Estimated effects are at their own level.
        """
        cards, actions, estimates = self.cards, self.actions, self.estimates
        risk = _column(cards["churn_risk"])
        effect = reductions(cards, actions, level) * risk
        contribution = np.full_like(effect, np.nan)
        is_estimated = np.zeros(effect.shape, dtype=bool)
        if estimates is not None:
            found, contribution = estimates.risk_reduction(level), estimates.contribution(level)
            is_estimated = np.isfinite(found)
            effect = np.where(is_estimated, found, effect)
        accepts = np.array([action.accept_rate for action in actions]) * np.clip(
            1 - risk + effect, 0, 1
        )
        incentive = np.array([action.incentive_cost for action in actions])
        cost = contact_costs(actions, self.reached) + incentive * accepts
        if self.margin_rate is None or not has_money(cards):
            return Prospect(effect, cost, np.full_like(effect, np.nan), is_estimated)
        stake = _column(cards["value_if_stays"]) - _column(cards["value_if_lapses"])
        assumed = effect * stake * self.margin_rate
        contribution = np.where(is_estimated, contribution, assumed)
        return Prospect(effect, cost, contribution - cost, is_estimated)

    def counted_on(self) -> Prospect:
        """What the plan counts on: assumed effects at their low; estimated ones by their mean.

        Where the lower bound of an estimated effect does not pay, it is the bound: no gain.
        """
        low = self.at("low")
        if self.estimates is None:
            return low
        mean = self.at("mid")
        pays = low.is_estimated & (low.gain > 0)
        return Prospect(
            np.where(pays, mean.effect, low.effect),
            np.where(pays, mean.cost, low.cost),
            np.where(pays, mean.gain, low.gain),
            low.is_estimated,
        )


def has_money(scores: pd.DataFrame) -> bool:
    """Whether the scores carry the two values that a gain needs."""
    return {"value_if_stays", "value_if_lapses"} <= set(scores.columns)


def reductions(cards: pd.DataFrame, actions: Sequence[Action], level: Level) -> FloatArray:
    """Relative reductions of the risk, (customers, actions): of the segment, else the action's."""
    reduction = np.empty((len(cards), len(actions)))
    for number, action in enumerate(actions):
        reduction[:, number] = getattr(action.risk_reduction, level)
        for segment, own in action.risk_reduction.by_segment.items():
            if SEGMENT in cards.columns:
                is_theirs = (cards[SEGMENT] == segment).to_numpy(dtype=bool)
                reduction[is_theirs, number] = getattr(own, level)
    return reduction


def _column(values: "pd.Series[float]") -> FloatArray:
    return np.asarray(values, dtype=np.float64)[:, None]
