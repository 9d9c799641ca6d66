"""Orders and money at the level of business of the days ahead (models/calendar).

A customer who stays buys at least once, whatever the level; what comes on top of that order is
proportional to it, and so is all that comes after the horizon.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from models.calendar.model import Calendar, level_ahead
from models.simple.btyd_orders import BtydOrders
from models.value.amounts import Start
from models.value.leavers import Horizons
from models.value.targets import FAR, targets_of


class LevelsAhead(NamedTuple):
    """Levels (n,) of the days within the horizon, from there to the value horizon, and of both."""

    within: FloatArray
    after: FloatArray
    whole: FloatArray


def levels_ahead(
    calendar: Calendar | None, rows: pd.DataFrame, outcome_days: int, value_days: int
) -> LevelsAhead:
    """The levels of each row; the usual one without a calendar."""
    if calendar is None or rows.empty:
        usual = np.ones(len(rows))
        return LevelsAhead(usual, usual, usual)
    spans = ((0, outcome_days), (outcome_days, value_days), (0, value_days))
    return LevelsAhead(*(calendar.ahead(rows, *span) for span in spans))


def busier(
    calendar: Calendar | None, rows: pd.DataFrame, outcome_days: int, days: int
) -> FloatArray:
    """The level (n,) of so many days beside that of the horizon, at least 1.

    A level that falls is left out: whoever buys at least once does so whatever the level.
    """
    level = level_ahead(calendar, rows, days) / level_ahead(calendar, rows, outcome_days)
    return np.maximum(level, 1.0)


def start_of(
    rhythm: BtydOrders | None, horizons: Horizons, calendar: Calendar | None
) -> Start | None:
    """Where orders over the value horizon start from, at the level ahead; None: nowhere."""
    if rhythm is None or not horizons.start_from_rhythm:
        return None
    days = horizons.value_days

    def expected(rows: pd.DataFrame) -> FloatArray:
        return rhythm.expected(rows, days) * level_ahead(calendar, rows, days)

    return expected


def at_levels(
    usual: Mapping[str, FloatArray], levels: LevelsAhead, least: float
) -> dict[str, FloatArray]:
    """What one who stays brings at the levels ahead, (n,) for each part.

    `usual` is what they bring at the usual level; orders are those above `least`, the number that
    everybody has who stays.
    """
    above = usual["orders"]
    found = {"orders": above * levels.within}
    grown = (least + found["orders"]) / (least + above) if least else levels.within
    if "spend" in usual:
        found["spend"] = usual["spend"] * grown
    for far, near in ((FAR, least + above), ("value", usual.get("spend"))):
        if far in usual and near is not None:
            within = np.minimum(near, usual[far])
            found[far] = within * grown + (usual[far] - within) * levels.after
    return found


def rough_level(
    name: str, rows: pd.DataFrame, levels: LevelsAhead, horizons: Horizons
) -> FloatArray:
    """As `at_levels` before there is any model: the factor (n,) of one part, for usual orders."""
    target, least = targets_of(horizons)[name], targets_of(horizons)["orders"].least
    near_share = horizons.outcome_days / horizons.value_days
    if name == "orders":
        return levels.within
    if target.everyone:
        return levels.whole
    orders = rows["orders_in_horizon"].to_numpy(np.float64)
    seen = orders[orders >= max(least, 1.0)]
    above = 1.0 - least / float(seen.mean()) if len(seen) else 0.0
    grown = 1.0 - above + above * levels.within
    return grown if name == "spend" else near_share * grown + (1.0 - near_share) * levels.after
