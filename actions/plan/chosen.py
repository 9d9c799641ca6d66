"""The columns of the plan that follow from the choice: what it costs, and what it is to bring."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from actions.plan.catalog import Action
from actions.plan.categories import named
from actions.plan.channels import contact_costs
from actions.plan.estimates import LEVELS
from actions.plan.everybody import Everybody
from actions.plan.gain import Prospects
from actions.plan.offered import ASSUMED, ESTIMATED, NOTHING, at_choice
from actions.plan.part import EXPIRES_AT
from core.arrays import IntArray
from sources.meanings.vocabulary import DO_NOTHING, NO_CHANNEL

DUE_DAYS = 3  # after the as-of date: a week that begins with the plan is half over
NEXT_PURCHASE = "next_purchase_date_median"


def chosen(everybody: Everybody, actions: Sequence[Action], choice: IntArray) -> pd.DataFrame:
    """What follows from the choice and counts in sums over everybody; texts as categories.

    `choice` is (customers,), an index of the actions, -1 for none: that costs and gains nothing.
    """
    names, reached = [action.id for action in actions], everybody.reached
    rows = np.flatnonzero(choice != NOTHING)
    channel = np.full(len(choice), NOTHING, dtype=np.int64)
    channel[rows] = reached.channel[rows, choice[rows]]
    is_estimated = at_choice(everybody.is_estimated, choice).astype(np.int64)
    plan = pd.DataFrame(
        {
            "intended_action": named(choice, names, DO_NOTHING),
            "channel": named(channel, reached.names, NO_CHANNEL),
            "expected_cost": at_choice(everybody.cost, choice),
            "effect_source": named(
                np.where(choice == NOTHING, NOTHING, is_estimated), (ASSUMED, ESTIMATED)
            ),
        }
    )
    if everybody.no_gains is None:
        plan["expected_gain"] = at_choice(everybody.gain, choice)
    return plan


def told(prospects: Prospects, choice: IntArray) -> dict[str, Any]:
    """The other columns that follow from the choice: what it costs, and what it is to bring."""
    actions = prospects.actions
    shape = prospects.reached.channel.shape

    def of_action(values: Sequence[Any]) -> npt.NDArray[np.object_]:
        return np.array([*values, None], dtype=object)[choice]

    columns = {
        "due_date": _due(prospects, choice),
        "action_level": of_action([action.level for action in actions]),
        "carried_out_by": of_action([action.carried_out_by for action in actions]),
        "contact_cost": at_choice(contact_costs(actions, prospects.reached), choice),
        "incentive_cost": at_choice(
            np.broadcast_to([action.incentive_cost for action in actions], shape), choice
        ),
        "effect": at_choice(prospects.counted_on().effect, choice),
    }
    if prospects.margin_rate is not None:
        for level in LEVELS:
            columns[f"expected_gain_{level}"] = at_choice(prospects.at(level).gain, choice)
    return columns


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
