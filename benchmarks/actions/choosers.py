"""Policies: who is chosen for what, by name, at any budget.

Each is given the same situation and budgets, and answers with the index of an action for each
customer, -1 for none. Those that estimate a gain leave the choice to our allocation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pandas as pd

from actions.params import ActionParams
from actions.plan.allocation import allocate
from actions.plan.catalog import Catalog
from actions.plan.estimates import Estimates
from actions.plan.gain import Prospect, Prospects
from actions.plan.gates import Gated, History, gated
from actions.plan.limits import Limits
from actions.plan.plan import make_plan
from actions.plan.priced import NOTHING
from benchmarks.actions.company import Company
from core.arrays import BoolArray, FloatArray, IntArray
from features.snapshot import model_features
from sources.kinds.simulator.replay import Replay
from sources.meanings.vocabulary import DO_NOTHING

Budgets = Mapping[str, float]
Choices = Mapping[str, IntArray]
BOOST = {
    "objective": "l2",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
    "verbosity": -1,
    "deterministic": True,
}
ROUNDS, PARTS = 200, 2


@dataclass(frozen=True, eq=False)
class Situation:
    """A company on the day of the plan, with what stops whom and what things cost."""

    company: Company
    catalog: Catalog
    params: ActionParams
    gates: Gated
    is_blocked: BoolArray  # (customers, actions)
    assumed: Prospect  # by the catalogue's low effects

    @classmethod
    def of(cls, company: Company, catalog: Catalog, params: ActionParams) -> "Situation":
        """The situation of a company with these actions."""
        cards, actions = company.cards, catalog.actions
        gates = gated(cards, actions, History(**company.history), params)
        expected = Prospects(cards, actions, gates.reached, company.margin).at("low")
        return cls(company, catalog, params, gates, gates.blocked >= 0, expected)

    def allocated(self, gain: FloatArray, budgets: Budgets) -> Choices:
        """The choices that gain the most by a table of gains (customers, actions)."""
        allowed = np.where(self.is_blocked, np.nan, gain)
        cost, reached = self.assumed.cost, self.gates.reached
        return {
            name: allocate(allowed, cost, reached, Limits(budget)).choice
            for name, budget in budgets.items()
        }

    def in_order(self, score: FloatArray, wanted: FloatArray, budgets: Budgets) -> Choices:
        """Customers by falling score (n,), each with the most wanted action that is not blocked."""
        wanted = np.where(self.is_blocked, -np.inf, wanted)
        action = wanted.argmax(axis=1)
        people = np.arange(len(score))
        reached = np.isfinite(wanted[people, action])
        order = np.argsort(-score, kind="stable")
        order = order[reached[order]]
        spent = np.cumsum(self.assumed.cost[order, action[order]])
        found = {}
        for name, budget in budgets.items():
            found[name] = np.full(len(score), NOTHING)
            some = order[spent <= budget]
            found[name][some] = action[some]
        return found

    def replay(self, choice: IntArray) -> Replay:
        """What a choice gains, every contact made."""
        names = np.array([*(action.id for action in self.catalog.actions), DO_NOTHING])
        plan = {"customer_id": self.company.cards["customer_id"], "action_id": names[choice]}
        return self.company.future.replay(pd.DataFrame(plan).assign(is_treated=True))


def planned(situation: Situation, budgets: Budgets, estimates: Estimates | None) -> Choices:
    """What `make_plan` chooses and the budget pays for."""
    cards, catalog = situation.company.cards, situation.catalog
    index = {action.id: number for number, action in enumerate(catalog.actions)}
    index[DO_NOTHING] = NOTHING
    found, history = {}, History(**situation.company.history)
    for name, budget in budgets.items():
        params = situation.params.model_copy(update={"budget": budget})
        plan, _ = make_plan(cards, catalog, params, history, catalog.currency, estimates)
        chosen = plan[~plan["withheld"]].set_index("customer_id")["intended_action"].map(index)
        found[name] = chosen.reindex(cards["customer_id"]).fillna(NOTHING).to_numpy(np.int64)
    return found


def do_nothing(situation: Situation, budgets: Budgets) -> Choices:
    """Nobody is contacted."""
    return {name: np.full(len(situation.is_blocked), NOTHING) for name in budgets}


def at_random(situation: Situation, budgets: Budgets) -> Choices:
    """Anybody, with any action, until the money is spent."""
    rng = np.random.default_rng(1)
    shape = situation.is_blocked.shape
    return situation.in_order(rng.random(shape[0]), rng.random(shape), budgets)


def risk_alone(situation: Situation, budgets: Budgets) -> Choices:
    """Those most at risk, with the strongest action, until the money is spent."""
    risk = situation.company.cards["churn_risk"].to_numpy(np.float64)
    return situation.in_order(risk, situation.assumed.effect, budgets)


def value_at_risk(situation: Situation, budgets: Budgets) -> Choices:
    """Those with most value at risk, with the strongest action, until the money is spent."""
    cards = situation.company.cards
    stake = cards["value_if_stays"] - cards["value_if_lapses"]
    at_risk = (cards["churn_risk"] * stake).to_numpy(np.float64)
    return situation.in_order(at_risk, situation.assumed.effect, budgets)


def catalogue_lows(situation: Situation, budgets: Budgets) -> Choices:
    """Our plan without any estimate: the catalogue's low effects."""
    return situation.allocated(situation.assumed.gain, budgets)


def bound(situation: Situation, budgets: Budgets) -> Choices:
    """The mean true gain given all that can be observed, learned from other customers."""
    true, today = _true(situation), situation.company.today
    names = [n for n in model_features(today) if pd.api.types.is_numeric_dtype(today[n])]
    money = situation.company.cards[["churn_risk", "value_if_stays", "value_if_lapses"]]
    inputs = np.column_stack([today[names].to_numpy(np.float64), money.to_numpy(np.float64)])
    part = np.random.default_rng(2).permutation(len(inputs)) % PARTS
    mean = np.empty_like(true)
    for one in range(PARTS):
        for action in range(true.shape[1]):
            rows = lgb.Dataset(inputs[part != one], true[part != one, action], params=dict(BOOST))
            model = lgb.train(BOOST, rows, num_boost_round=ROUNDS)
            mean[part == one, action] = model.predict(inputs[part == one])
    return situation.allocated(mean, budgets)


def oracle(situation: Situation, budgets: Budgets) -> Choices:
    """Each customer's own true expected gain: nobody can know it."""
    return situation.allocated(_true(situation), budgets)


def _true(situation: Situation) -> FloatArray:
    """True expected gains in the order of cards and catalogue."""
    ahead = situation.company.future
    rows = ahead.customers.get_indexer(pd.Index(situation.company.cards["customer_id"]))
    columns = [ahead.actions.index(action.id) for action in situation.catalog.actions]
    return np.asarray(ahead.gain[np.ix_(rows, columns)])
