"""Policies that learn from the log of contacts: ours, and estimates taken at their word."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from actions.effects.assigned import assigned
from actions.effects.estimating import Today, data_of, inputs_of, prior_of, traits_of
from actions.effects.following import Outcomes, foreseen
from actions.effects.learners import Data, LearnerParams, Prior, fit
from actions.effects.measuring import Known, measure
from actions.effects.window import window_for
from benchmarks.actions.choosers import Budgets, Choices, Situation, planned
from benchmarks.actions.forest import forest_effects
from core.arrays import FloatArray, IntArray

SEGMENTS = 4  # quantiles of the risk, and of what is at stake
FEWEST = 20  # contacts of a segment in each arm
THREADS = 2
SETTINGS = LearnerParams(threads=THREADS)


@dataclass(frozen=True)
class Log:
    """Contacts whose outcome is known, as learners read them, and the customers of today."""

    data: Data
    prior: Prior
    today: FloatArray  # (customers, columns of data.x)
    stake: FloatArray  # margin that a customer kept is worth
    columns: IntArray  # of the catalogue's actions among those learned


@lru_cache(maxsize=1)
def log_of(situation: Situation) -> Log:
    """What the log of contacts teaches, made as the stage `effects` makes it."""
    company, days_until = situation.company, situation.company.timeline.data_until
    found = assigned(company.history["contacts"], company.snapshots)
    days = found.rows["day"].to_numpy(np.int64)
    treated = found.rows["treated"].to_numpy(bool)
    setting, horizon = situation.params.effect_window_days, company.timeline.horizon_days
    window = window_for(setting, horizon, (days, treated), days_until)
    outcomes = Outcomes(company.purchases, None, company.timeline.churn, window)
    leaving, _ = foreseen(company.snapshots, outcomes, days_until, SETTINGS.seed, THREADS)
    closed = window.closed(days, days_until)
    rows, today = found.rows[closed].reset_index(drop=True), company.today
    kept, _ = outcomes.of(rows["customer_id"].tolist(), days[closed])
    traits, names = traits_of(rows, today), sorted(rows["action_id"].unique())
    cards = company.cards
    stake = (cards["value_if_stays"] - cards["value_if_lapses"]).to_numpy() * company.margin
    risk = cards["churn_risk"].to_numpy(np.float64)
    inputs, scale = inputs_of(Today(today, leaving.of(today), risk, stake), traits)
    return Log(
        data_of(rows, traits, scale.at(leaving.of(rows)), kept),
        prior_of(names, situation.catalog.actions, traits),
        inputs,
        stake,
        pd.Index(names).get_indexer(pd.Index([one.id for one in situation.catalog.actions])),
    )


def ours(situation: Situation, budgets: Budgets) -> Choices:
    """The plan of a run, with the effects that its stage `effects` learns."""
    company = situation.company
    tables = {"contacts": company.history["contacts"]}
    known = Known(tables, company.snapshots, company.purchases, company.cards, company.timeline)
    _, estimates = measure(known, situation.catalog, situation.params, company.margin, SETTINGS)
    return planned(situation, budgets, estimates)


def plug_in(learner: str) -> Callable[[Situation, Budgets], Choices]:
    """The mean effects of a learner taken at their word."""

    def chosen(situation: Situation, budgets: Budgets) -> Choices:
        log = log_of(situation)
        effects = fit(log.data, log.prior, SETTINGS, learner).effect(log.today).mean
        return situation.allocated(_gain(situation, effects[:, log.columns]), budgets)

    return chosen


def causal_forest(situation: Situation, budgets: Budgets) -> Choices:
    """econml's causal forest, one for each action, its effects taken at their word."""
    log = log_of(situation)
    effects = forest_effects(log.data, log.today)
    return situation.allocated(_gain(situation, effects[:, log.columns]), budgets)


def by_segment(situation: Situation, budgets: Budgets) -> Choices:
    """Effects of each action on segments of risk and value, as churnkit has them: differences."""
    log = log_of(situation)
    cuts = np.quantile(log.today[:, 0], np.linspace(0, 1, SEGMENTS + 1)[1:-1])
    theirs, here = (np.searchsorted(cuts, x[:, 0]) for x in (log.data.x, log.today))
    effects = np.zeros((len(here), len(log.prior.low)))
    for action in range(effects.shape[1]):
        for segment in range(SEGMENTS):
            rows = (log.data.action == action) & (theirs == segment)
            made, kept = log.data.treated[rows], log.data.outcome[rows]
            if min(made.sum(), (~made).sum()) >= FEWEST:
                difference = kept[made].mean() - kept[~made].mean()
                effects[here == segment, action] = difference
    stakes = pd.Series(log.stake)
    value = pd.qcut(stakes, SEGMENTS, labels=False, duplicates="drop")
    stake = stakes.groupby([here, value]).transform("mean").to_numpy(np.float64)
    gain = effects[:, log.columns] * stake[:, None] - situation.assumed.cost
    return situation.allocated(np.where(gain > 0, gain, np.nan), budgets)


def _gain(situation: Situation, effects: FloatArray) -> FloatArray:
    return effects * log_of(situation).stake[:, None] - situation.assumed.cost
