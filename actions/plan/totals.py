"""Totals of the plan: by action, by arm, against the limits, and what was blocked."""

from collections import Counter
from typing import Any

import pandas as pd

from actions.params import ActionParams
from actions.plan.allocation import Allocation
from actions.plan.chosen import ASSUMED, ESTIMATED
from sources.meanings.vocabulary import DO_NOTHING, HOLDOUT, TREATED


def totals(plan: pd.DataFrame, params: ActionParams, allocation: Allocation) -> dict[str, Any]:
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
        # What is assumed and what is estimated is never added up: both have sums of their own.
        "effect_source": ESTIMATED if _all_estimated(chosen) else ASSUMED,
        "by_effect_source": {
            str(name): _sums(rows) for name, rows in chosen.groupby("effect_source")
        },
        "objective": allocation.objective,
        "upper_bound": allocation.upper_bound,
        "optimality_gap": allocation.gap,
        "binding": list(allocation.binding),
        "why_nothing": dict(Counter(why["message_key"] for why in plan.loc[is_idle, "why"])),
        "blocked": dict(Counter(entry["reason"] for row in plan["blocked"] for entry in row)),
    }


def _all_estimated(chosen: pd.DataFrame) -> bool:
    return len(chosen) > 0 and bool((chosen["effect_source"] == ESTIMATED).all())


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
