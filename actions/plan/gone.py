"""What the card of a customer who has already left says of the plan: nothing is done, and why."""

from collections.abc import Collection

import pandas as pd

from actions.plan.gates import ALREADY_GONE
from actions.plan.reasons import WHY_VALUES
from models.words import ALREADY_CHURNED
from sources.meanings.vocabulary import DO_NOTHING, NO_CHANNEL


def rows_of_the_gone(cards: pd.DataFrame, actions: Collection[str]) -> pd.DataFrame:
    """A row for each customer who has already left: every action is blocked by that.

    They are in no arm and count in no total. Columns: customer_id, intended_action, channel, why
    and blocked, as in the plan.
    """
    gone = cards.loc[cards["status"] == ALREADY_CHURNED, ["customer_id"]]
    why = {"message_key": f"why.{ALREADY_GONE}", "values": dict.fromkeys(WHY_VALUES)}
    blocked = [{"action_id": one, "reason": ALREADY_GONE, "condition": None} for one in actions]
    return gone.assign(
        intended_action=DO_NOTHING,
        channel=NO_CHANNEL,
        why=pd.Series([why] * len(gone), index=gone.index, dtype=object),
        blocked=pd.Series([blocked] * len(gone), index=gone.index, dtype=object),
    )
