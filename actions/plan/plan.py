"""The plan: gates, then gains, then the allocation and who explores; the arms last.

The plan knows nothing of arms: what is intended for whom would be the same if other customers were
withheld. A customer from whom an action is withheld keeps it as intended: otherwise nobody could
measure later what the action did. docs/actions.md explains every column with numbers.
"""

from typing import Any

import numpy as np
import pandas as pd

from actions.params import ActionParams
from actions.plan.catalog import SERVICE_RECOVERY, Catalog
from actions.plan.choosing import Candidates, Choice, choose
from actions.plan.chosen import chosen_columns
from actions.plan.curve import curves_report, gain_curves
from actions.plan.estimates import Estimates
from actions.plan.exploration import Explored, explore, limits_beside, places_for
from actions.plan.gain import Prospects, has_money
from actions.plan.gates import (
    History,
    blocked_lists,
    gate_costs,
    gated,
    objectors,
    stopped_customers,
)
from actions.plan.holdout import plan_draws
from actions.plan.limits import Limits
from actions.plan.margin import usable_margin
from actions.plan.ranked import ranked_by, ranking
from actions.plan.reasons import why, why_no_gains
from actions.plan.setting_limits import contact_limits, limits_of
from actions.plan.totals import totals
from actions.plan.use import BUDGET
from actions.plan.withheld import arms_report, certainties, shares_of, with_arms
from core.arrays import FloatArray
from core.digits import TOLD, to_digits
from models.words import SCORED


def make_plan(
    scores: pd.DataFrame,
    catalog: Catalog,
    params: ActionParams,
    history: History,
    currency: str | None,
    estimates: Estimates | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Choose an action for every scored customer, and summarise the plan.

    `scores` has one row per customer of one as-of date; only status `scored` is planned, sorted by
    customer_id. `expires_at`, where it is a column, is the last day on which a card may be used.
    Columns of the plan: customer_id, as_of_date, intended_action, channel, due_date, why
    ({message_key, values}), contact_cost, incentive_cost (given when accepted), expected_cost,
    effect (absolute reduction of churn_risk), effect_source, action_level, carried_out_by, blocked
    ([{action_id, reason, condition}]), is_exploration, action_propensity, those of `with_arms`,
    and, where gains can be computed,
    expected_gain (what the plan counts on: see gain.py) and those at the low, mid and high effect:
    expected_gain_low, expected_gain_mid, expected_gain_high. Where `estimates` know an effect, its
    bounds and mean stand in place of the catalogue's low, high and mid. The summary is JSON.
    `currency` is that of the amounts, None where it is not known: then there are no gains.
    Raises ParamsError for a capacity on a channel that no action uses or of owners whom no column
    tells, and CatalogError where amounts and costs are in two currencies.
    """
    objected = objectors(history.consents)
    is_planned = (scores["status"] == SCORED) & ~scores["customer_id"].isin(objected)
    cards = scores[is_planned].sort_values("customer_id", ignore_index=True, kind="stable")
    gates = gated(cards, catalog.actions, history, params)
    margin = usable_margin(catalog, params.margin_rate, currency) if has_money(cards) else None
    if estimates is not None:
        ids = [action.id for action in catalog.actions]
        estimates = estimates.aligned(cards["customer_id"].tolist(), ids)
    no_gains = why_no_gains(cards, params, margin)
    prospects = Prospects(cards, catalog.actions, gates.reached, margin, estimates)
    expected = prospects.counted_on()
    candidates = Candidates(
        admissible=gates.blocked < 0,
        gain=expected.gain,
        cost=expected.cost,
        reached=gates.reached,
        waits=np.array([action.kind == SERVICE_RECOVERY for action in catalog.actions]),
        ranking=None if no_gains is None else ranking(cards),
    )
    limits = limits_of(cards, catalog, params, history.contacts)
    draws = plan_draws(cards, params.holdout_salt)
    found, explored = _choose_and_explore(candidates, limits, params, draws[:, 1:])
    plan = chosen_columns(prospects, expected, explored.choice)
    plan["is_exploration"] = explored.is_exploration
    plan["action_propensity"] = to_digits(explored.propensity, TOLD)
    unpaid = found.unpaid & ~explored.is_exploration
    shares = shares_of(plan, cards, catalog, params, unpaid, certainties(estimates))
    plan = with_arms(plan, shares, draws[:, 0])
    reasons = why(cards, plan, catalog, no_gains, expected.gain, gates.blocked)
    plan["why"] = pd.Series(reasons, dtype=object)
    plan["blocked"] = pd.Series(blocked_lists(gates, catalog.actions), dtype=object)
    allowed = np.where(candidates.admissible, expected.gain, np.nan)
    owners = limits.owners
    busiest = None if owners is None else int(owners.carried_out(explored.choice).max(initial=0))
    curves = (
        {}
        if no_gains
        else gain_curves(allowed, expected.cost, gates.reached, limits, expected.is_estimated)
    )
    return plan, {
        "customers": len(plan),
        "objected": int(scores["customer_id"].isin(objected).sum()),
        "holdout_share": shares.mean,
        "arms": arms_report(plan, cards, shares, params),
        **totals(plan, params, found.allocation, busiest),
        "actions": catalog.facts(),
        "contact_limits": contact_limits(params),
        "currency": currency,
        "no_gains": no_gains,
        "ranked_by": None if no_gains is None else ranked_by(cards),
        "marginal_return": None if no_gains else found.allocation.price.get(BUDGET, 0.0),
        "blocked_customers": stopped_customers(gates),
        "gate_costs": {} if no_gains else gate_costs(gates.stopped, expected.gain),
        "curves": curves_report(curves, [action.id for action in catalog.actions]),
        "missing_tables": {name: f"missing.{name}" for name in history.missing()},
    }


def _choose_and_explore(
    candidates: Candidates, limits: Limits, params: ActionParams, draws: FloatArray
) -> tuple[Choice, Explored]:
    """The choice within the limits that exploring leaves, and who explores with what instead.

    Who waits for an answer to a complaint explores nothing.
    """
    cost, reached, share = candidates.cost, candidates.reached, params.exploration_share
    offered = candidates.admissible & ~candidates.waits
    places = places_for(offered, cost, reached, limits, share)
    found = choose(candidates, limits_beside(places, offered, cost, reached, limits))
    return found, explore(found.planned, offered, places, draws, share)
