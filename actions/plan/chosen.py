"""The columns of the plan that follow from the choice: what it costs, and what it is to bring."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from actions.plan.channels import contact_costs
from actions.plan.estimates import LEVELS
from actions.plan.gain import Prospect, Prospects
from actions.plan.offered import ASSUMED, ESTIMATED, NOTHING
from core.arrays import IntArray
from sources.meanings.vocabulary import DO_NOTHING, NO_CHANNEL

DUE_DAYS = 3  # after the as-of date: a week that begins with the plan is half over
EXPIRES_AT = "expires_at"
NEXT_PURCHASE = "next_purchase_date_median"


def chosen_columns(prospects: Prospects, expected: Prospect, choice: IntArray) -> pd.DataFrame:
    """The columns that follow from the choice; `do_nothing` has no cost and no gain.

    `expected` is what the plan counts on. `choice` is (customers,), an
    index of the actions, -1 for none.
    """
    cards, actions, reached = prospects.cards, prospects.actions, prospects.reached

    def taken(values: npt.ArrayLike) -> npt.NDArray[Any]:
        """Values per action (actions,) or per customer and action, at each customer's choice."""
        table = np.broadcast_to(np.asarray(values, dtype=float), expected.cost.shape)
        padded = np.hstack([table, np.zeros((len(table), 1))])
        return padded[np.arange(len(choice)), choice]  # NOTHING is -1, the padding

    def named(names: Sequence[str | None], nothing: str | None) -> npt.NDArray[np.object_]:
        return np.array([*names, nothing], dtype=object)[choice]

    channel = reached.names_of(choice)
    plan = cards[["customer_id", "as_of_date"]].assign(
        intended_action=named([action.id for action in actions], DO_NOTHING),
        channel=np.where(choice == NOTHING, NO_CHANNEL, channel),
        due_date=_due(prospects, choice),
        action_level=named([action.level for action in actions], None),
        carried_out_by=named([action.carried_out_by for action in actions], None),
        contact_cost=taken(contact_costs(actions, reached)),
        incentive_cost=taken([action.incentive_cost for action in actions]),
        expected_cost=taken(expected.cost),
        effect=taken(expected.effect),
        effect_source=np.where(
            taken(expected.is_estimated) > 0, ESTIMATED, named([ASSUMED] * len(actions), None)
        ),
    )
    if prospects.margin_rate is not None:
        plan["expected_gain"] = taken(expected.gain)
        for level in LEVELS:
            plan[f"expected_gain_{level}"] = taken(prospects.at(level).gain)
    return plan


def _due(prospects: Prospects, choice: IntArray) -> "pd.Series[pd.Timestamp]":
    """The day by which the action is to be done, before the card expires; none for nothing.

    An action with a `timing` is due so many days before the likely day of the next purchase, where
    that is known and still to come.
    """
    cards = prospects.cards
    due = cards["as_of_date"] + pd.Timedelta(days=DUE_DAYS)
    for number, action in enumerate(prospects.actions):
        if action.timing is not None and NEXT_PURCHASE in cards:
            day = cards[NEXT_PURCHASE] - pd.Timedelta(days=action.timing.days)
            is_its = (choice == number) & day.notna()
            due = due.where(~is_its, day.where(day > cards["as_of_date"], cards["as_of_date"]))
    if EXPIRES_AT in cards:
        due = due.where(due <= cards[EXPIRES_AT], cards[EXPIRES_AT])
    return due.where(choice != NOTHING)
