"""Arms: whose intended action is withheld, so that what actions do can be measured.

Two layers, both drawn by hash (draws.py), both blind to the customer and to the past:

    persistent control    the same customers in every plan, until control_draw changes: what the
                          programme as a whole does over long windows
    draw of the plan      anew for each customer and plan (as-of date): what an action does

Who waits for an answer to a complaint gets one, in both layers. What no budget pays for is withheld
from everybody: then no arm was drawn, and nobody had a chance to be treated.
"""

from typing import Literal

import numpy as np
import pandas as pd

from actions.params import ActionParams
from actions.plan.categories import named
from actions.plan.draws import CONTROL, PLAN, drawn
from core.arrays import BoolArray, FloatArray
from sources.meanings.vocabulary import DO_NOTHING, HOLDOUT, TREATED

WithheldBy = Literal["persistent_control", "draw", "budget"]
PERSISTENT: WithheldBy = "persistent_control"
DRAW: WithheldBy = "draw"
NO_BUDGET: WithheldBy = "budget"
LAYERS = (NO_BUDGET, PERSISTENT, DRAW)  # the first that withholds
ARMS = (HOLDOUT, TREATED)


def plan_draws(cards: pd.DataFrame, salt: str) -> FloatArray:
    """The draws of one plan, (customers, 4): the first for the arm, the others to explore.

    They depend on customer_id and as_of_date (one date) of the cards, and on the salt.
    """
    day = f"{cards['as_of_date'].iloc[0]:%Y-%m-%d}" if len(cards) else ""
    return drawn(cards["customer_id"].tolist(), salt, (PLAN, day))


def in_persistent_control(customers: "pd.Series[str]", params: ActionParams) -> BoolArray:
    """Who is withheld whatever the plan, (customers,)."""
    draws = drawn(customers.tolist(), params.holdout_salt, (CONTROL, str(params.control_draw)))
    return draws[:, 0] < params.persistent_control


def arms(
    intended: "pd.Series[str]",
    share: FloatArray,
    draw: FloatArray,
    persistent: BoolArray,
    never: BoolArray,
    unpaid: BoolArray,
) -> pd.DataFrame:
    """Columns arm, withheld, withheld_by, persistent_control and propensity, a row per customer.

    Of each customer, (customers,): `share` is the chance to be withheld by the draw of the plan,
    `draw` a number in [0, 1), `persistent` whether the persistent control holds them, `never`
    whether their action is one that nobody withholds, `unpaid` whether no budget pays for it.
    `propensity` is P(treated | intended action), given the persistent control. A customer withheld
    at a small share is so at every larger one.
    """
    by_draw = draw < share
    layers = [never, unpaid, persistent, by_draw]
    held = np.select(layers, [False, True, True, True], False)
    is_withheld = held & (intended != DO_NOTHING).to_numpy()
    first = np.select(layers, [-1, 0, 1, 2], -1)
    first[~is_withheld] = -1
    return pd.DataFrame(
        {
            "arm": named((~held).astype(np.int8), ARMS),
            "withheld": is_withheld,
            "withheld_by": named(first, LAYERS),
            "persistent_control": persistent,
            "propensity": np.select(layers[:3], [1.0, 0.0, 0.0], 1.0 - share),
        }
    )
