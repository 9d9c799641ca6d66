"""Expected gain and cost of every action for every customer.

    effect         = risk_reduction x churn_risk
    P(redeems)     = redeem_rate x P(stays when treated) = redeem_rate x (1 - churn_risk + effect)
    expected_cost  = contact_cost + incentive_cost x P(redeems)
    expected_gain  = effect x (value_if_stays - value_if_lapses) x margin_rate - expected_cost

Customers who would have stayed anyway redeem the incentive too, and that cost is included (design,
section 8). Where an effect is estimated, its lower bound stands in place of the catalogue's low:
effect, and the contribution before costs. docs/actions.md has a worked example.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from actions.plan.catalog import Action
from actions.plan.estimates import Estimates, Level
from core.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Prospect:
    """Effect, expected cost, expected gain, and whether estimated, each (customers, actions)."""

    effect: FloatArray
    cost: FloatArray
    gain: FloatArray
    is_estimated: BoolArray


def prospect(
    scores: pd.DataFrame,
    actions: Sequence[Action],
    margin_rate: float | None,
    level: Level = "low",
    estimates: Estimates | None = None,
) -> Prospect:
    """Expected effect, cost and gain of every action for every customer.

    Effects are absolute reductions of churn_risk. The gain is NaN where it cannot be computed:
    without a margin rate, without money columns, or for a customer whose value is unknown.
    `estimates` are those of these customers and actions, at their own level.
    """
    risk = _column(scores["churn_risk"])
    reduction = np.array([getattr(action.risk_reduction, level) for action in actions], dtype=float)
    effect = reduction[None, :] * risk
    contribution = np.full_like(effect, np.nan)
    is_estimated = np.zeros(effect.shape, dtype=bool)
    if estimates is not None:
        found, contribution = estimates.risk_reduction(level), estimates.contribution(level)
        is_estimated = np.isfinite(found)
        effect = np.where(is_estimated, found, effect)
    redeems = np.array([action.redeem_rate for action in actions]) * np.clip(
        1 - risk + effect, 0, 1
    )
    cost = np.array([action.contact_cost for action in actions]) + (
        np.array([action.incentive_cost for action in actions]) * redeems
    )
    if margin_rate is None or not has_money(scores):
        return Prospect(effect, cost, np.full_like(effect, np.nan), is_estimated)
    stake = _column(scores["value_if_stays"]) - _column(scores["value_if_lapses"])
    contribution = np.where(is_estimated, contribution, effect * stake * margin_rate)
    return Prospect(effect, cost, contribution - cost, is_estimated)


def has_money(scores: pd.DataFrame) -> bool:
    """Whether the scores carry the two values that a gain needs."""
    return {"value_if_stays", "value_if_lapses"} <= set(scores.columns)


def _column(values: "pd.Series[float]") -> FloatArray:
    return np.asarray(values, dtype=np.float64)[:, None]
