"""Why the plan has this action for a customer, or none: a message key and its values."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from actions.params import ActionParams
from actions.plan.catalog import Catalog
from actions.plan.gain import has_money

WHY_VALUES = ("churn_risk", "value_at_risk", "expected_gain", "expected_cost")
# Reasons for doing nothing where gains are known, in the order in which they are tried.
WHY_NOT = (
    "no_value",
    "all_blocked",
    "no_action_pays",
    "limits",
)
EXPLORATION = "why.exploration"


def why_no_gains(cards: pd.DataFrame, params: ActionParams, margin: float | None) -> str | None:
    """Why nothing tells what any action gains; None where gains can be computed."""
    if not has_money(cards):
        return "no_money"
    if params.margin_rate is None:
        return "no_margin"
    return "no_currency" if margin is None else None


def why(
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
        why_not = np.where(tested[1], "all_blocked", "limits")
    reasons = {action.id: str(action.why) for action in catalog.actions}
    keys = np.array(
        [
            f"why.{reasons.get(action, nothing)}"
            for action, nothing in zip(plan["intended_action"], why_not, strict=True)
        ],
        dtype=object,
    )
    keys[plan["is_exploration"].to_numpy()] = EXPLORATION
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
