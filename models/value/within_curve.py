"""No card tells more orders or value than its own curve allows.

With p = churn_risk, V the value horizon and P(V) the probability of a purchase within it, told by
the curve of the next purchase:

    value_if_lapses <= value_if_stays × P(back),  P(back) = (P(V) - (1 - p)) / p

as P(back) is the chance that who is silent over the horizon buys after it, and who comes back
brings no more than who never left; so expected_value <= value_if_stays × P(V). And

    P(V) <= orders over V <= P(V) × orders within the horizon of who stays × V / horizon × level

as who buys at all buys at least once, and no faster than who bought within the horizon already; the
level of business over V may be above that of the horizon.

Where the curve does not tell P(V) it lies between those of the told days around V. Beyond the last
told day t it is at most 1 - S(t) ^ (V / t × level): a hazard that falls with the silence adds no
more.
"""

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from models.value.leavers import Horizons
from models.words import PURCHASE_PROBABILITY, REPORTED_DAYS

LEAST = 1e-9  # the smallest probability to divide by


def within_curve(
    expected: pd.DataFrame,
    when: pd.DataFrame,
    churn_risk: FloatArray,
    horizons: Horizons,
    level: FloatArray | None = None,
) -> pd.DataFrame:
    """The columns of `ValueModel.predict`, cut to what the curve allows, on the same index.

    `when` has the columns of `WhenModel.predict`, given the same `churn_risk` (n,); `level` (n,)
    is that of business over V beside that of the horizon, where it is above it. Only of a lapse:
    the curve of a subscription says nothing about its end.
    """
    risk = np.asarray(churn_risk, np.float64)
    level = np.ones(len(risk)) if level is None else level
    least, most = chances(when, risk, horizons, level)
    near, far = (
        expected[name].to_numpy(np.float64)
        for name in ("expected_orders", "expected_orders_in_value_horizon")
    )
    pace = near / np.maximum(1.0 - risk, LEAST) * level
    pace *= horizons.reported_days / horizons.outcome_days
    least = np.maximum(least, near)
    columns = {
        "expected_orders_in_value_horizon": np.clip(far, least, np.maximum(most * pace, least))
    }
    if "value_if_lapses" in expected:
        stays = expected["value_if_stays"].to_numpy(np.float64)
        back = np.clip((most - (1.0 - risk)) / np.maximum(risk, LEAST), 0.0, 1.0)
        lapses = np.minimum(expected["value_if_lapses"].to_numpy(np.float64), back * stays)
        columns |= {
            "value_if_lapses": lapses,
            "expected_value": (1.0 - risk) * stays + risk * lapses,
            "value_at_risk": risk * (stays - lapses),
        }
    return expected.assign(**columns)


def chances(
    when: pd.DataFrame,
    churn_risk: FloatArray,
    horizons: Horizons,
    level: FloatArray | float = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """The least and the most (n,) that P(a purchase within the value horizon) can be."""
    days = horizons.reported_days
    told = {horizons.outcome_days: 1.0 - churn_risk}
    for day in REPORTED_DAYS:
        found = when[f"{PURCHASE_PROBABILITY}{day}d"].to_numpy(np.float64)
        if day > horizons.outcome_days and np.isfinite(found).all():
            told[day] = found
    before = max(day for day in told if day <= days)
    least = told[before]
    most: FloatArray = -np.expm1(
        np.log1p(-np.minimum(least, 1.0 - LEAST)) * (days / before * level)
    )
    later = [day for day in told if day >= days]
    if later:
        most = np.minimum(most, told[min(later)])
    return least, np.maximum(most, least)
