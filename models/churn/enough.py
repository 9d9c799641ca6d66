"""Data gates: whether there is enough data for trees, and how much weight trees get."""

import math

import numpy as np
import pandas as pd

from core.errors import OneSidedError, TooLittleError
from features.params import Churn
from models.leaving import FEWER_LEAVE, LAPSE, MORE_LEAVE, STAYED
from models.params import ModelParams

MAX_DATES_NAMED = 2  # dates named as able to judge the model
FULL = 5.0  # times the data gates: with so much data trees score alone


def tree_weight(rows: pd.DataFrame, params: ModelParams) -> float:
    """The weight (0 to 1) of trees beside the parametric model, by the rows (n,) they learn from.

    Customers are counted per as-of date, on average: many of those present on some date may have
    left.
    """
    left = float(rows["churned"].sum())
    customers = len(rows) / max(rows["as_of_date"].nunique(), 1)
    enough = min(
        customers / params.gates.min_customers,
        left / params.gates.min_churners,
        (len(rows) - left) / params.gates.min_churners,
    )
    return float(np.clip((enough - 1.0) / (FULL - 1.0), 0.0, 1.0))


def tree_distance(rows: pd.DataFrame, params: ModelParams) -> dict[str, tuple[int, int]]:
    """What trees need to get any weight, and what there is (have, need).

    Counted as in `tree_weight`.
    """
    left = int(rows["churned"].sum())
    least = params.gates.min_churners + 1
    return {
        "customers": (
            len(rows) // max(rows["as_of_date"].nunique(), 1),
            params.gates.min_customers + 1,
        ),
        "leavers": (left, least),
        "stayers": (len(rows) - left, least),
    }


def check_gates(
    rows: pd.DataFrame,
    name: str,
    params: ModelParams,
    share: float = 1.0,
    churn: Churn = LAPSE,
) -> None:
    """Refuse too little data; `share` lowers the gates for rows that only stop or judge a model.

    Raises TooLittleError with what is there, what is needed and what to change, and OneSidedError
    where there are enough customers but all of them stay, or all leave.
    """
    distance = gate_distance(rows, params, share)
    (customers, least_customers), (churners, least), (stayers, _) = distance.values()
    if customers < least_customers:  # too few to say that nobody, or everybody, ever leaves
        raise _too_little(name, distance)
    check_both_outcomes(rows, name, churn)
    if churners < least or stayers < least:
        raise _too_little(name, distance)


def check_both_outcomes(rows: pd.DataFrame, name: str, churn: Churn = LAPSE) -> None:
    """Raise OneSidedError where there are rows and all customers stay, or all leave."""
    churned = rows["churned"].dropna()
    if churned.nunique() != 1:
        return
    if churned.iloc[0]:
        raise OneSidedError(
            f"There are only churners: of the {len(rows):,} rows of the {name} there is none "
            f"whose customer {STAYED[churn]}. The last release stays as it is. "
            f"{FEWER_LEAVE[churn]} in params.yaml."
        )
    raise OneSidedError(
        f"There are no churners at all: in all {len(rows):,} rows of the {name} the "
        f"customer {STAYED[churn]}. The last release stays as it is. {MORE_LEAVE[churn]} "
        "in params.yaml."
    )


def dates_with_both(snapshots: pd.DataFrame) -> str:
    """A sentence on which dates of the run have both leavers and stayers."""
    days, dates = _both(snapshots)
    if not days:
        return "No date of this run has both."
    if len(days) == 1:
        return f"1 of {dates} dates of this run has both ({days[0]})."
    return f"{len(days)} of {dates} dates of this run have both ({days[0]} to {days[-1]})."


def judged_by(snapshots: pd.DataFrame) -> str:
    """Advice to test on the latest dates with both leavers and stayers; may be empty."""
    days, _ = _both(snapshots)
    if not days:
        return ""
    named = ", ".join(f'"{day}"' for day in days[-MAX_DATES_NAMED:])
    return f"To judge by the latest of them set timeline.test_as_of_dates to [{named}]."


def _both(snapshots: pd.DataFrame) -> tuple[list[str], int]:
    closed = snapshots[snapshots["outcome_known"]]
    left = closed.groupby("as_of_date")["churned"].mean()
    both = left[(left > 0) & (left < 1)]
    return [f"{day:%Y-%m-%d}" for day in both.index], len(left)


def gate_distance(
    rows: pd.DataFrame, params: ModelParams, share: float = 1.0
) -> dict[str, tuple[int, int]]:
    """What there is and what `share` of the data gates needs (have, need), by what is counted."""
    churners = int((rows["churned"] == 1).sum())
    least = math.ceil(params.gates.min_churners * share)
    return {
        "customers": (
            int(rows["customer_id"].nunique()),
            math.ceil(params.gates.min_customers * share),
        ),
        "leavers": (churners, least),
        "stayers": (int((rows["churned"] == 0).sum()), least),
    }


def _too_little(name: str, distance: dict[str, tuple[int, int]]) -> TooLittleError:
    (customers, least_customers), (left, least), (stayed, _) = distance.values()
    return TooLittleError(
        f"Too little data for a churn model: {customers:,} customers in the {name} "
        f"(needed {least_customers:,}), {left:,} outcomes of leaving and {stayed:,} of "
        f"staying (needed {least:,} of each). Bring a longer history or more customers, change "
        "task.horizon_days, or lower model.gates in params.yaml.",
        distance,
    )
