"""By which channel each customer is reached with each action: consented, then most responsive.

An action names its channels in order of preference. Of those that the customer may be reached by,
the one is taken by which they answer most; without any answer the first of the file.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from actions.plan.catalog import Action
from actions.plan.eligibility import EMAIL_OPENS
from actions.plan.limits import Reached
from core.arrays import BoolArray, FloatArray
from features.history.contacts_made import was_made
from features.timeline import days_before
from sources.meanings.vocabulary import NO_CHANNEL

EMAIL = "email"
ANSWER_DAYS, OPEN_DAYS = 365, 90  # days of contacts and of opens by which channels are compared


def contact_costs(actions: Sequence[Action], reached: Reached) -> FloatArray:
    """The contact cost of each action by the customer's channel, (customers, actions)."""
    cost = np.empty(reached.channel.shape)
    for number, action in enumerate(actions):
        by_name = np.array([action.contact_cost.get(name, np.nan) for name in reached.names])
        cost[:, number] = by_name[reached.channel[:, number]]
    return cost


def reached_by(
    actions: Sequence[Action],
    is_open: Mapping[str, BoolArray],
    responses: Mapping[str, FloatArray],
) -> Reached:
    """The channel of each customer and action.

    `is_open` tells by channel who may be reached by it, `responses` how often they answer there;
    each (customers,). Where no channel is open it is the first of the action.
    """
    names = tuple(dict.fromkeys(name for action in actions for name in action.channels))
    customers = len(next(iter(is_open.values()))) if is_open else 0
    chosen = np.empty((customers, len(actions)), dtype=np.int64)
    for number, action in enumerate(actions):
        best = np.full(customers, -1.0)
        chosen[:, number] = names.index(action.channels[0])
        for name in action.channels:
            is_better = is_open[name] & (responses[name] > best)
            chosen[is_better, number] = names.index(name)
            best[is_better] = responses[name][is_better]
    return Reached(names, chosen)


def responsiveness(
    cards: pd.DataFrame, names: Sequence[str], contacts: pd.DataFrame | None
) -> dict[str, FloatArray]:
    """By channel how readily each customer answers there, (customers,): 0 without an answer.

    That is answers / (contacts + 1), of contacts made in the last ANSWER_DAYS; for e-mail also
    opens / (e-mails + 1) of the last OPEN_DAYS (column `email_opens_90d` of the cards), whichever
    is more. Some open one e-mail twice: more opens than e-mails count as so many e-mails.
    """
    nothing = np.zeros(len(cards))
    made = _made(cards, contacts)
    found: dict[str, FloatArray] = {}
    for name in names:
        tries = _count(cards, made, name, ANSWER_DAYS)
        answers = _count(cards, made, name, ANSWER_DAYS, is_answered=True)
        rate = answers / (tries + 1)
        if name == EMAIL and EMAIL_OPENS in cards.columns:
            opens = cards[EMAIL_OPENS].fillna(0).to_numpy(dtype=np.float64)
            sent = _count(cards, made, name, OPEN_DAYS)
            rate = np.maximum(rate, opens / (np.maximum(sent, opens) + 1))
        found[name] = nothing if name == NO_CHANNEL else rate
    return found


def _made(cards: pd.DataFrame, contacts: pd.DataFrame | None) -> pd.DataFrame | None:
    """The contacts that were made, with their age in days; None where there can be none."""
    if contacts is None or cards.empty:
        return None
    rows: pd.DataFrame = contacts[was_made(contacts)]
    as_of = pd.Timestamp(cards["as_of_date"].iloc[0])
    return rows.assign(age=days_before(rows["event_time"], as_of))


def _count(
    cards: pd.DataFrame,
    made: pd.DataFrame | None,
    channel: str,
    days: int,
    is_answered: bool = False,
) -> FloatArray:
    """Contacts by a channel in the last `days` days, or those answered; (customers,)."""
    if made is None or (is_answered and "responded" not in made.columns):
        return np.zeros(len(cards))
    wanted = (made["channel"] == channel) & (made["age"] <= days)
    if is_answered:
        wanted &= made["responded"].fillna(False).astype(bool)
    counts = made.loc[wanted, "customer_id"].value_counts()
    return np.asarray(cards["customer_id"].map(counts).fillna(0), dtype=np.float64)
