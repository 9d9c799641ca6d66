"""The columns of the plan that follow from the choice: what it costs, and what it is to bring."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from actions.plan.catalog import Catalog
from actions.plan.estimates import Estimates
from actions.plan.gain import Prospect, prospect
from actions.plan.priced import NOTHING, IntArray
from sources.meanings.vocabulary import DO_NOTHING, NO_CHANNEL

ASSUMED, ESTIMATED = "assumed", "estimated"
DUE_DAYS = 3  # after the as-of date: a week that begins with the plan is half over
EXPIRES_AT = "expires_at"


def chosen_columns(
    cards: pd.DataFrame,
    catalog: Catalog,
    margin: float | None,
    choice: IntArray,
    expected: Prospect,
    estimates: Estimates | None = None,
) -> pd.DataFrame:
    """The columns that follow from the choice, the index of each customer's action or NOTHING.

    `do_nothing` has no cost and no gain.
    """

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
        due_date=_due(cards, choice),
        contact_cost=taken([action.contact_cost for action in actions]),
        incentive_cost=taken([action.incentive_cost for action in actions]),
        expected_cost=taken(expected.cost),
        effect=taken(expected.effect),
        effect_source=np.where(
            taken(expected.is_estimated) > 0, ESTIMATED, named([ASSUMED] * len(actions), None)
        ),
    )
    if margin is not None:
        plan["expected_gain"] = taken(expected.gain)
        plan["expected_gain_mid"] = taken(prospect(cards, actions, margin, "mid", estimates).gain)
        high = prospect(cards, actions, margin, "high", estimates)
        plan["expected_gain_high"] = taken(high.gain)
    return plan


def _due(cards: pd.DataFrame, choice: IntArray) -> "pd.Series[pd.Timestamp]":
    """The day by which the action is to be done, before the card expires; none for nothing."""
    due = cards["as_of_date"] + pd.Timedelta(days=DUE_DAYS)
    if EXPIRES_AT in cards:
        due = due.where(due <= cards[EXPIRES_AT], cards[EXPIRES_AT])
    return due.where(choice != NOTHING)
