"""Totals of the plan: by action, by arm, against the limits, and why there is nothing."""

from collections import Counter
from typing import Any

import pandas as pd

from actions.params import ActionParams
from actions.plan.allocation import Allocation
from actions.plan.holdout import NO_BUDGET
from actions.plan.offered import ASSUMED, ESTIMATED
from sources.meanings.vocabulary import DO_NOTHING, HOLDOUT, TREATED


def totals(
    plan: pd.DataFrame, params: ActionParams, allocation: Allocation, busiest: int | None
) -> dict[str, Any]:
    """Totals of the plan: by action, by arm, against the limits, and why there is nothing.

    `plan` is what was decided of everybody. `busiest` is how many contacts the busiest owner
    carries out; None where nothing limits owners.
    """
    chosen = plan[plan["intended_action"] != DO_NOTHING]
    is_idle = plan["intended_action"] == DO_NOTHING
    is_unpaid = chosen["withheld_by"] == NO_BUDGET
    paid = chosen[~is_unpaid]
    return {
        "by_action": {
            str(name): _of_action(rows)
            for name, rows in plan.groupby("intended_action", observed=True)
        },
        "by_arm": {name: _sums(chosen[chosen["arm"] == name]) for name in (TREATED, HOLDOUT)},
        "budget": {
            "limit": params.budget,
            "intended": float(paid["expected_cost"].sum()),
            "to_spend": float(plan.loc[~plan["withheld"], "expected_cost"].sum()),
        },
        "capacities": {
            channel: {"limit": limit, "intended": int((plan["channel"] == channel).sum())}
            for channel, limit in params.capacities.items()
        },
        "owner_capacity": None
        if busiest is None
        else {"limit": params.owner_capacity, "intended": busiest},
        "planned": {  # within the limits: what can be carried out, but for the arms
            "customers": len(paid),
            "cost": float(paid["expected_cost"].sum()),
            "expected_gain": float(paid["expected_gain"].sum()) if "expected_gain" in paid else 0.0,
            "expected_gain_by_source": _sums(paid).get("expected_gain_by_source", {}),
            "by_action": {
                str(name): len(rows)
                for name, rows in paid.groupby("intended_action", observed=True)
            },
        },
        "unpaid": _sums(chosen[is_unpaid]),
        "effect_source": ESTIMATED if _all_estimated(chosen) else ASSUMED,
        "by_effect_source": {
            str(name): _sums(rows) for name, rows in paid.groupby("effect_source", observed=True)
        },
        "objective": allocation.objective,
        "upper_bound": allocation.upper_bound,
        "optimality_gap": allocation.gap,
        "binding": list(allocation.binding),
        "why_nothing": dict(Counter(map(str, plan.loc[is_idle, "why"]))),
    }


def _all_estimated(chosen: pd.DataFrame) -> bool:
    return len(chosen) > 0 and bool((chosen["effect_source"] == ESTIMATED).all())


def _of_action(rows: pd.DataFrame) -> dict[str, Any]:
    """The sums of an action, those of what is carried out, and by which channels it is."""
    carried_out = rows[~rows["withheld"]]
    channels = Counter(map(str, carried_out["channel"]))
    return {**_sums(rows), "carried_out": _sums(carried_out), "channels": dict(channels)}


def _sums(rows: pd.DataFrame) -> dict[str, Any]:
    """Customers, how many of them are withheld, expected cost and, where known, expected gain.

    What is assumed and what is estimated is never added up: where there is both, each has its own.
    """
    sums: dict[str, Any] = {
        "customers": len(rows),
        "withheld": int(rows["withheld"].sum()),
        "expected_cost": float(rows["expected_cost"].sum()),
    }
    if "expected_gain" in rows.columns:
        gains = rows.groupby("effect_source", observed=True)["expected_gain"].sum()
        sums["expected_gain_by_source"] = {str(name): float(gain) for name, gain in gains.items()}
        if len(gains) < 2:
            sums["expected_gain"] = float(gains.sum())
    return sums
