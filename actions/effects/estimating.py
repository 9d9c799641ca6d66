"""Effects of actions on today's customers, estimated from contacts that were drawn by chance.

The pooled learner of actions/effects/pooled.py is taken, unless another ranks customers surely
better; see choosing.py. It begins with the catalogue's low and moves as far as contacts tell: where
they tell that the low is too high, or that an action harms, the estimate wins. An action with
hardly any contacts keeps its low, assumed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from actions.effects.choosing import choose
from actions.effects.learners import Data, Effects, Fitted, LearnerParams, Prior, fit
from actions.effects.randomised import RISK
from actions.effects.risk import TRAITS, CardScale, Foreseen
from actions.plan.catalog import Action
from actions.plan.estimates import Estimates
from actions.plan.offered import ASSUMED, ESTIMATED
from core.arrays import FloatArray

ENOUGH = 50  # contacts of each arm with an action, or its effect stays assumed
FEWEST_IN_ARM = 100  # contacts, of all actions together
HOPED = 0.1  # reduction of the risk that effects may reach where the catalogue hopes for none
# By how much of itself an action keeps more, and drives away less, for each standard deviation of
# what shows that somebody listens, and is content.
LISTENS = dict.fromkeys(("open_rate_total", "contact_response_rate", "nps_mean", "csat_mean"), 0.3)
FEWEST_OF_EACH = 10  # customers who stayed, and who left: from fewer nobody learns who is kept


@dataclass(frozen=True)
class Today:
    """Today's customers: their ids and TRAITS, and of their cards the churn risk (customers,).

    `foreseen` (customers,) is the chance of leaving that the window's own model tells, `stake`
    (customers,) what a customer kept is worth. NaN where a card does not tell.
    """

    rows: pd.DataFrame
    foreseen: FloatArray
    churn_risk: FloatArray
    stake: FloatArray


@dataclass(frozen=True)
class Learned:
    """Estimates for today's customers, and what is told of them (JSON)."""

    estimates: Estimates
    facts: dict[str, Any]


def prior_of(names: list[str], actions: tuple[Action, ...], traits: list[str]) -> Prior:
    """What the catalogue assumes of actions by name; of others that they do nothing.

    An action of which it hopes nothing may do as much as the others do, either way. Who opens
    messages and is content is taken to be kept more and driven away less (LISTENS).
    """
    by_id = {action.id: action.risk_reduction for action in actions}
    low = np.array([by_id[name].low if name in by_id else 0.0 for name in names])
    usual = float(np.mean([one.high for one in by_id.values()])) or HOPED
    hoped = [by_id[name].high if name in by_id else 0.0 for name in names]
    scale = np.array([high or usual for high in hoped])
    return Prior(low, scale, np.array([LISTENS.get(name, 0.0) for name in traits]))


def traits_of(before: pd.DataFrame, today: pd.DataFrame) -> list[str]:
    """The TRAITS that the data has, and that differ between customers."""
    return [
        name
        for name in TRAITS
        if name in before and name in today and before[name].nunique(dropna=True) > 1
    ]


def inputs_of(today: Today, traits: list[str]) -> tuple[FloatArray, CardScale]:
    """What learners read of today's customers (customers, 1 + traits), and the risk's scale."""
    scale = CardScale.of(today.foreseen, today.churn_risk)
    is_told = np.isfinite(today.churn_risk)
    risk = np.where(is_told, today.churn_risk, scale.at(today.foreseen))
    return np.column_stack([risk, today.rows[traits].to_numpy(np.float64)]), scale


def data_of(rows: pd.DataFrame, traits: list[str], risk: FloatArray, kept: FloatArray) -> Data:
    """Closed contacts as learners read them; actions are numbered in the order of their names."""
    names = sorted(rows["action_id"].unique())
    return Data(
        x=np.column_stack([risk, rows[traits].to_numpy(np.float64)]),
        action=pd.Index(names).get_indexer(pd.Index(rows["action_id"])).astype(np.int64),
        treated=rows["treated"].to_numpy(bool),
        outcome=kept,
        propensity=rows["propensity"].to_numpy(np.float64),
        expected=1 - risk,
        customer=pd.factorize(rows["customer_id"])[0].astype(np.int64),
    )


def learn(
    rows: pd.DataFrame,
    kept: FloatArray,
    today: Today,
    leaving: Foreseen,
    actions: tuple[Action, ...],
    params: tuple[LearnerParams, float],
) -> Learned | None:
    """Learn effects on today's customers; None where too little is known at all.

    `rows` are closed contacts drawn by chance with features from before, `kept` (n,) is 1 for who
    stayed. `leaving` foresees who is not. `params` are those of learners, and the confidence of the
    bounds.
    """
    settings, confidence = params
    treated = rows["treated"].to_numpy(bool)
    if min(treated.sum(), (~treated).sum()) < FEWEST_IN_ARM:
        return None
    if min(kept.sum(), (1 - kept).sum()) < FEWEST_OF_EACH:
        return None
    traits = traits_of(rows, today.rows)
    x, scale = inputs_of(today, traits)
    data = data_of(rows, traits, scale.at(leaving.of(rows)), kept)
    names = sorted(rows["action_id"].unique())
    prior = prior_of(names, actions, traits)
    choice = choose(data, prior, settings)
    fitted = fit(data, prior, settings, choice.learner)
    effects = fitted.effect(x)
    by_action = _by_action(
        names, data, (fitted, fitted.average(x)), prior.low * float(x[:, RISK].mean()), confidence
    )
    planned = {action.id for action in actions}
    for one in by_action:
        one["in_catalogue"] = one["action_id"] in planned
    shown = np.where([one["effect_source"] == ESTIMATED for one in by_action], 1.0, np.nan)
    estimates = Estimates(
        customers=tuple(today.rows["customer_id"]),
        actions=tuple(names),
        effect=effects.mean * shown,
        sd=effects.sd * shown,
        stake=today.stake,
        confidence=confidence,
        certainty=np.full(len(names), np.nan),
    )
    told = {
        "learner": choice.learner,
        "confidence": confidence,
        "traits": traits,
        "actions": by_action,
        "targeting": {"gains": choice.gains, "learners": choice.ranks},
    }
    return Learned(estimates, told)


def _by_action(
    names: list[str],
    data: Data,
    found: tuple[Fitted, Effects],
    assumed: FloatArray,
    confidence: float,
) -> list[dict[str, Any]]:
    """Per action: contacts, the average effect on today's customers, and which effect is used."""
    fitted, average = found
    reach = float(ndtri(confidence))
    told = []
    for number, name in enumerate(names):
        treated = data.treated[data.action == number]
        mean, sd = float(average.mean[0, number]), float(average.sd[0, number])
        count = {"treated": int(treated.sum()), "withheld": int((~treated).sum())}
        source = ESTIMATED if min(count.values()) >= ENOUGH else ASSUMED
        told.append(
            {
                "action_id": name,
                **count,
                "effect": mean,
                "low": mean - reach * sd,
                "high": mean + reach * sd,
                "assumed_low": float(assumed[number]),
                "learned": float(fitted.learned[number]),
                "effect_source": source,
            }
        )
    return told
