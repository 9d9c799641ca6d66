"""The plan: gates, then gains, then the allocation; the arms last.

For a customer in the holdout the intended action is recorded but withheld: otherwise nobody could
measure later what the action did. Making good after a complaint is never withheld. docs/actions.md
explains every column with numbers.
"""

from typing import Any

import numpy as np
import pandas as pd

from actions.params import ActionParams
from actions.plan.allocation import BUDGET, Limits, allocate
from actions.plan.catalog import Catalog
from actions.plan.chosen import chosen_columns
from actions.plan.curve import curves_report, gain_curves
from actions.plan.estimates import Estimates
from actions.plan.gain import has_money, prospect
from actions.plan.gates import (
    SERVICE_RECOVERY,
    History,
    blocked_lists,
    first_gate,
    gate_costs,
    objectors,
    stopped_by,
)
from actions.plan.holdout import arm, epoch_of
from actions.plan.margin import usable_margin
from actions.plan.reasons import why, why_no_gains
from actions.plan.totals import totals
from core.errors import ParamsError, did_you_mean
from models.words import SCORED
from sources.meanings.vocabulary import DO_NOTHING, HOLDOUT


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
    customer_id. Columns of the plan: customer_id, as_of_date, intended_action, channel, why
    ({message_key, values}), contact_cost, incentive_cost (given when redeemed), expected_cost,
    effect (absolute reduction of churn_risk), effect_source, blocked ([{action_id, reason}]), arm,
    withheld, and, where gains can be computed, expected_gain (low effect), expected_gain_mid and
    expected_gain_high. Where `estimates` know an effect, its bounds and mean stand in place of the
    catalogue's low, high and mid. The summary is JSON. `currency` is that of the amounts, None
    where it is not known: then there are no gains. Raises ParamsError for a capacity on a channel
    that no action uses, and CatalogError where amounts and costs are in two currencies.
    """
    _check_capacities(catalog, params)
    objected = objectors(history.consents)
    is_planned = (scores["status"] == SCORED) & ~scores["customer_id"].isin(objected)
    cards = scores[is_planned].sort_values("customer_id", ignore_index=True, kind="stable")
    stopped = stopped_by(cards, catalog.actions, history, params)
    blocked = first_gate(stopped)
    margin = usable_margin(catalog, params.margin_rate, currency) if has_money(cards) else None
    if estimates is not None:
        ids = [action.id for action in catalog.actions]
        estimates = estimates.aligned(cards["customer_id"].tolist(), ids)
    expected = prospect(cards, catalog.actions, margin, estimates=estimates)
    allowed = np.where(blocked < 0, expected.gain, np.nan)
    channels = [action.channel for action in catalog.actions]
    limits = Limits(params.budget, params.capacities)
    allocation = allocate(allowed, expected.cost, channels, limits)
    plan = chosen_columns(cards, catalog, margin, allocation, expected, estimates)
    no_gains = why_no_gains(cards, params, margin)
    reasons = why(cards, plan, catalog, no_gains, expected.gain, blocked)
    plan["why"] = pd.Series(reasons, dtype=object)
    plan["blocked"] = pd.Series(blocked_lists(blocked, catalog.actions), dtype=object)
    epoch = epoch_of(scores["as_of_date"].iloc[0], params.holdout_epoch) if len(scores) else None
    plan["arm"] = [
        arm(customer, str(epoch), params.holdout_salt, params.holdout_share)
        for customer in plan["customer_id"]
    ]
    never = [DO_NOTHING, *(a.id for a in catalog.actions if a.kind == SERVICE_RECOVERY)]
    plan["withheld"] = (plan["arm"] == HOLDOUT) & ~plan["intended_action"].isin(never)
    curves = {} if no_gains else gain_curves(allowed, expected.cost, channels, params.capacities)
    return plan, {
        "customers": len(plan),
        "objected": int(scores["customer_id"].isin(objected).sum()),
        "epoch": epoch,
        "holdout_share": params.holdout_share,
        **totals(plan, params, allocation),
        "currency": currency,
        "no_gains": no_gains,
        "marginal_return": None if no_gains else allocation.price.get(BUDGET, 0.0),
        "gate_costs": {} if no_gains else gate_costs(stopped, expected.gain),
        "curves": curves_report(curves, [action.id for action in catalog.actions]),
        "missing_tables": {name: f"missing.{name}" for name in history.missing()},
    }


def _check_capacities(catalog: Catalog, params: ActionParams) -> None:
    channels = catalog.channels()
    for channel in params.capacities:
        if channel not in channels:
            hint = did_you_mean(channel, channels) or " Leave it out, or add an action."
            raise ParamsError(
                f"params.yaml: actions.capacities limits the channel {channel}, but the catalogue "
                f"has only {', '.join(channels) or 'no channel'}.{hint}"
            )
