"""Why the plan has this action for a customer, or none: a message key and its values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from actions.params import ActionParams
from actions.plan.catalog import Catalog
from actions.plan.categories import named
from actions.plan.gain import has_money
from core.arrays import BoolArray, Codes, FloatArray

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


def why_nothing(no_gains: str | None, gain: FloatArray, is_allowed: BoolArray) -> Codes:
    """Why a customer would be offered nothing, an index of WHY_NOT, (customers,).

    Tables are (customers, actions), `gain` NaN where it is unknown; `no_gains` that of
    `why_no_gains`.
    """
    tested = [~is_allowed.any(axis=1)]
    names = ["all_blocked"]
    if no_gains is None:
        tested = [np.isnan(gain).all(axis=1), *tested, ~(is_allowed & (gain > 0)).any(axis=1)]
        names = ["no_value", *names, "no_action_pays"]
    numbers = [WHY_NOT.index(name) for name in (*names, "limits")]
    return np.select(tested, numbers[:-1], numbers[-1]).astype(np.int8)


def why_keys(
    intended: npt.NDArray[np.integer[Any]],
    nothing: Codes,
    is_exploration: BoolArray,
    catalog: Catalog,
) -> "pd.Categorical[str]":
    """The message key of each customer, (customers,): why this action, or why none.

    `intended` is the index of the action, -1 for none; `nothing` is that of `why_nothing`.
    """
    keys = [f"why.{action.why}" for action in catalog.actions]
    keys += [*(f"why.{name}" for name in WHY_NOT), EXPLORATION]
    number = np.where(intended >= 0, intended, len(catalog.actions) + nothing)
    number[is_exploration] = len(keys) - 1
    return named(number, keys)


def why(keys: Sequence[str], known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A message key and its values for each customer; of WHY_VALUES what is not known is None."""
    columns = [_numbers(known[name], len(keys)) for name in WHY_VALUES]
    return [
        {"message_key": key, "values": dict(zip(WHY_VALUES, values, strict=True))}
        for key, *values in zip(keys, *columns, strict=True)
    ]


def _numbers(column: Any, count: int) -> list[float | None]:
    """A column as plain numbers, None where it is absent or unknown."""
    if column is None:
        return [None] * count
    values = pd.to_numeric(pd.Series(column)).to_numpy(dtype=np.float64, na_value=np.nan)
    return [None if np.isnan(value) else float(value) for value in values]
