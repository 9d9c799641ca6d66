"""By whom of the lapsed it pays to be asked to come back, and whom nobody may ask.

What asking does to a lapsed customer is unknown until it is measured. So nothing is planned, and
what is told is the least that it has to do. With p the return probability unasked, and an incentive
that the share `accept_rate` of those who return take along:

    cost   = contact_cost + incentive_cost × accept_rate × p
    worth  = margin_rate × (value_if_returns − value_if_stays_away) − incentive_cost × accept_rate
    uplift = cost / worth      the break-even uplift: p has to rise by so much

Its reciprocal is `one_return_pays_for`: asking so many such customers pays if one of them comes
back who would not have come otherwise. Where that would need more than everybody to come back, it
never pays, and the field is empty.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from actions.plan.catalog import Action
from actions.plan.channels import contact_costs
from actions.plan.eligibility import OnlyIf
from actions.plan.everybody import Settings
from actions.plan.gates import GATES, History, gated
from actions.plan.holdout import PERSISTENT, in_persistent_control
from actions.plan.margin import usable_margin
from core.arrays import FloatArray
from core.digits import TOLD, to_digits
from models.words import ALREADY_CHURNED

WHY = "win_back"  # the `why` of the catalogue's actions that ask somebody to come back
PAYS_FOR, BLOCKED = "one_return_pays_for", "win_back_blocked"
TEXTS = ("win_back_action", "win_back_channel", BLOCKED)
COLUMNS = (*TEXTS, "win_back_cost", PAYS_FOR)
MOST = 1e6  # customers: where asking costs next to nothing


def win_back(cards: pd.DataFrame, history: History, settings: Settings) -> pd.DataFrame:
    """`customer_id` and COLUMNS, a row for each card with a return probability.

    Of the catalogue's actions with `why: win_back` the one that pays for most is told, of those
    that are allowed if any is; `only_if` asks about customers with a risk, and does not count here.
    `win_back_blocked` is the gate that forbids all of them, or that nothing is offered to the
    customer whatever the plan. Without such an action nothing is told but `customer_id`.
    """
    if "return_probability" not in cards:
        return _typed(cards[:0])
    is_lapsed = (cards["status"] == ALREADY_CHURNED) & cards["return_probability"].notna()
    lapsed = cards[is_lapsed].reset_index(drop=True)
    actions = [
        action.model_copy(update={"only_if": OnlyIf()})
        for action in settings.catalog.actions
        if action.why == WHY and action.kind == "retention"
    ]
    if not actions or lapsed.empty:
        return _typed(lapsed[["customer_id"]])
    gates = gated(lapsed.drop(columns="status"), actions, history, settings.params)
    contact = contact_costs(actions, gates.reached)
    margin = usable_margin(settings.catalog, settings.params.margin_rate, settings.currency)
    cost, pays_for = _pays_for(lapsed, actions, contact, margin)
    is_free = np.asarray(gates.blocked < 0, np.bool_)
    worth = np.where(np.isnan(pays_for), 0.0, pays_for)
    best = np.where(is_free.any(axis=1, keepdims=True) & ~is_free, -1.0, worth).argmax(axis=1)
    rows = np.arange(len(lapsed))
    gate = gates.blocked[rows, best]
    control = in_persistent_control(lapsed["customer_id"], settings.params)
    names = np.array([*GATES, None], dtype=object)  # the last: none
    told = pd.DataFrame(
        {
            "customer_id": lapsed["customer_id"],
            "win_back_action": np.array([action.id for action in actions], dtype=object)[best],
            "win_back_channel": gates.reached.names_of(best),
            "win_back_cost": cost[rows, best],
            PAYS_FOR: pays_for[rows, best],
            BLOCKED: np.where((gate < 0) & control, PERSISTENT, names[gate]),
        }
    )
    return _typed(told)


def _typed(told: pd.DataFrame) -> pd.DataFrame:
    """`customer_id` and COLUMNS, with one type each whatever is known."""
    texts = dict.fromkeys(["customer_id", *TEXTS], "str")
    numbers = dict.fromkeys(set(COLUMNS) - set(TEXTS), "float64")
    return told.reindex(columns=["customer_id", *COLUMNS]).astype({**texts, **numbers})


def _pays_for(
    lapsed: pd.DataFrame, actions: Sequence[Action], contact: FloatArray, margin: float | None
) -> tuple[FloatArray, FloatArray]:
    """What asking is expected to cost, and for how many one return pays; (customers, actions)."""
    chance = lapsed["return_probability"].to_numpy(np.float64)[:, None]
    taken = np.array([action.incentive_cost * action.accept_rate for action in actions])
    cost = to_digits(contact + taken * chance, TOLD)
    unknown = np.full(cost.shape, np.nan)
    if margin is None or "value_if_returns" not in lapsed:
        return cost, unknown
    gained = (lapsed["value_if_returns"] - lapsed["value_if_stays_away"]).to_numpy(np.float64)
    worth = margin * gained[:, None] - taken
    pays_for = np.minimum(worth / np.maximum(cost, 1 / MOST), MOST)
    pays = (worth > 0) & (pays_for * (1.0 - chance) >= 1.0)
    return cost, to_digits(np.where(pays, pays_for, unknown), TOLD)
