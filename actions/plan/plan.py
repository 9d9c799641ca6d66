"""The plan: gates, then gains, then the allocation; the arms last.

For a customer in the holdout the intended action is recorded but withheld: otherwise nobody could
measure later what the action did. Making good after a complaint is never withheld. docs/actions.md
explains every column with numbers.
"""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from actions.params import ActionParams
from actions.plan.allocation import BUDGET, Allocation, Limits, allocate
from actions.plan.catalog import Catalog
from actions.plan.curve import curves_report, gain_curves
from actions.plan.gain import Prospect, has_money, prospect
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
from core.errors import ParamsError, did_you_mean
from models.words import SCORED
from sources.meanings.vocabulary import DO_NOTHING, HOLDOUT, NO_CHANNEL, TREATED

ASSUMED = "assumed"
WHY_VALUES = ("churn_risk", "value_at_risk", "expected_gain", "expected_cost")
# Reasons for doing nothing where gains are known, in the order in which they are tried.
WHY_NOT = (
    "no_value",
    "all_blocked",
    "no_action_pays",
    "limits",
)


def make_plan(
    scores: pd.DataFrame,
    catalog: Catalog,
    params: ActionParams,
    history: History,
    currency: str | None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Choose an action for every scored customer, and summarise the plan.

    `scores` has one row per customer of one as-of date; only status `scored` is planned, sorted by
    customer_id. Columns of the plan: customer_id, as_of_date, intended_action, channel, why
    ({message_key, values}), contact_cost, incentive_cost (given when redeemed), expected_cost,
    effect (absolute reduction of churn_risk), effect_source, blocked ([{action_id, reason}]), arm,
    withheld, and, where gains can be computed, expected_gain (low effect), expected_gain_mid and
    expected_gain_high. The summary is JSON. `currency` is that of the amounts, None where it is not
    known: then there are no gains. Raises ParamsError for a capacity on a channel that no action
    uses, and CatalogError where amounts and costs are in two currencies.
    """
    _check_capacities(catalog, params)
    objected = objectors(history.consents)
    is_planned = (scores["status"] == SCORED) & ~scores["customer_id"].isin(objected)
    cards = scores[is_planned].sort_values("customer_id", ignore_index=True, kind="stable")
    stopped = stopped_by(cards, catalog.actions, history, params)
    blocked = first_gate(stopped)
    margin = usable_margin(catalog, params.margin_rate, currency) if has_money(cards) else None
    expected = prospect(cards, catalog.actions, margin)
    allowed = np.where(blocked < 0, expected.gain, np.nan)
    channels = [action.channel for action in catalog.actions]
    limits = Limits(params.budget, params.capacities)
    allocation = allocate(allowed, expected.cost, channels, limits)
    plan = _frame(cards, catalog, margin, allocation, expected)
    no_gains = _why_no_gains(cards, params, margin)
    why = _why(cards, plan, catalog, no_gains, expected.gain, blocked)
    plan["why"] = pd.Series(why, dtype=object)
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
        **_totals(plan, params, allocation),
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


def _frame(
    cards: pd.DataFrame,
    catalog: Catalog,
    margin: float | None,
    allocation: Allocation,
    expected: Prospect,
) -> pd.DataFrame:
    """The columns that follow from the choice; `do_nothing` has no cost and no gain."""
    choice = allocation.choice

    def taken(values: npt.ArrayLike) -> npt.NDArray[Any]:
        """Values per action (actions,) or per customer and action, at each customer's choice."""
        table = np.broadcast_to(np.asarray(values, dtype=float), expected.cost.shape)
        padded = np.hstack([table, np.zeros((len(table), 1))])
        return padded[np.arange(len(choice)), choice]  # NOTHING is -1, the padding

    def named(names: list[str], nothing: str | None) -> npt.NDArray[np.object_]:
        return np.array([*names, nothing], dtype=object)[choice]

    actions = catalog.actions
    plan = cards[["customer_id", "as_of_date"]].assign(
        intended_action=named([action.id for action in actions], DO_NOTHING),
        channel=named([action.channel for action in actions], NO_CHANNEL),
        contact_cost=taken([action.contact_cost for action in actions]),
        incentive_cost=taken([action.incentive_cost for action in actions]),
        expected_cost=taken(expected.cost),
        effect=taken(expected.effect),
        effect_source=named([ASSUMED] * len(actions), None),
    )
    if margin is not None:
        plan["expected_gain"] = taken(expected.gain)
        plan["expected_gain_mid"] = taken(prospect(cards, actions, margin, "mid").gain)
        plan["expected_gain_high"] = taken(prospect(cards, actions, margin, "high").gain)
    return plan


def _why_no_gains(cards: pd.DataFrame, params: ActionParams, margin: float | None) -> str | None:
    """Why nothing tells what any action gains; None where gains can be computed."""
    if not has_money(cards):
        return "no_money"
    if params.margin_rate is None:
        return "no_margin"
    return "no_currency" if margin is None else None


def _why(
    cards: pd.DataFrame,
    plan: pd.DataFrame,
    catalog: Catalog,
    no_gains: str | None,
    gain: npt.NDArray[np.float64],
    blocked: npt.NDArray[np.int64],
) -> list[dict[str, Any]]:
    """A message key and its values for each customer: why this action, or why none."""
    tested = (
        np.isnan(gain).all(axis=1),
        (blocked >= 0).all(axis=1),
        ~((blocked < 0) & (gain > 0)).any(axis=1),
    )
    why_not = np.select(tested, WHY_NOT[:-1], WHY_NOT[-1])
    if no_gains is not None:
        why_not = np.full(len(cards), no_gains)
    reasons = {action.id: str(action.why) for action in catalog.actions}
    keys = [
        f"why.{reasons.get(action, nothing)}"
        for action, nothing in zip(plan["intended_action"], why_not, strict=True)
    ]
    known = plan.assign(churn_risk=cards["churn_risk"], value_at_risk=cards.get("value_at_risk"))
    columns = [_numbers(known, name) for name in WHY_VALUES]
    return [
        {"message_key": key, "values": dict(zip(WHY_VALUES, values, strict=True))}
        for key, *values in zip(keys, *columns, strict=True)
    ]


def _numbers(frame: pd.DataFrame, name: str) -> list[float | None]:
    """A column as plain numbers, None where it is absent or unknown."""
    if name not in frame.columns:
        return [None] * len(frame)
    values = pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan)
    return [None if np.isnan(value) else float(value) for value in values]


def _totals(plan: pd.DataFrame, params: ActionParams, allocation: Allocation) -> dict[str, Any]:
    """Totals of the plan: by action, by arm, against the limits, and what was blocked."""
    chosen = plan[plan["intended_action"] != DO_NOTHING]
    is_idle = plan["intended_action"] == DO_NOTHING
    spent = float(plan["expected_cost"].sum())
    return {
        "by_action": {str(name): _sums(rows) for name, rows in plan.groupby("intended_action")},
        "by_arm": {name: _sums(chosen[chosen["arm"] == name]) for name in (TREATED, HOLDOUT)},
        "budget": {
            "limit": params.budget,
            "intended": spent,
            "to_spend": float(plan.loc[~plan["withheld"], "expected_cost"].sum()),
        },
        "capacities": {
            channel: {"limit": limit, "intended": int((plan["channel"] == channel).sum())}
            for channel, limit in params.capacities.items()
        },
        "effect_source": ASSUMED,
        "objective": allocation.objective,
        "upper_bound": allocation.upper_bound,
        "optimality_gap": allocation.gap,
        "binding": list(allocation.binding),
        "why_nothing": dict(Counter(why["message_key"] for why in plan.loc[is_idle, "why"])),
        "blocked": dict(Counter(entry["reason"] for row in plan["blocked"] for entry in row)),
    }


def _sums(rows: pd.DataFrame) -> dict[str, float | int]:
    """Customers, how many of them are withheld, expected cost and, where known, expected gain."""
    sums: dict[str, float | int] = {
        "customers": len(rows),
        "withheld": int(rows["withheld"].sum()),
        "expected_cost": float(rows["expected_cost"].sum()),
    }
    if "expected_gain" in rows.columns:
        sums["expected_gain"] = float(rows["expected_gain"].sum())
    return sums
