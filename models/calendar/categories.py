"""Levels of the buyers of a category beside that of the company.

A shop that sells for gardens and for Christmas has two seasons, and one level for both is wrong for
either. The buyers of a category are those who bought it last. In each week their orders are
compared with those expected of them at the company's level, and what is left is foretold as that
level is (models/calendar/level.py), only shrunken more: a category that goes with its company keeps
the company's level. From a year of history on, as a yearly shape is what categories differ in.
"""

import numpy as np

from core.arrays import FloatArray
from core.digits import FLAT, to_digits
from models.calendar.level import CATEGORY, LIMIT, ONE_ORDER, Observed, foretell
from models.calendar.standard import Weeks


def beside_the_company(
    weeks: Weeks, company: FloatArray, middles: FloatArray
) -> dict[str, tuple[float, ...]]:
    """By category the factor (m,) on the company's level in the weeks around `middles` (m,).

    `company` (n,) is the company's level in the weeks seen. Over these a factor is 1 in the mean:
    whose buyers order more all year round is told by the models. Nothing with a single category.
    """
    if len(weeks.categories) < 2:
        return {}
    return {
        name: _factor(weeks, place, company, middles) for place, name in enumerate(weeks.categories)
    }


def _factor(
    weeks: Weeks, place: int, company: FloatArray, middles: FloatArray
) -> tuple[float, ...]:
    orders, expected = weeks.by_category[:, place], weeks.expected_by_category[:, place] * company
    usual = expected * orders.sum() / expected.sum()
    nothing = np.zeros((len(orders), 0))
    observed = Observed(
        weeks.middles,
        # Half an order keeps the mean log level of few at 0 (Poisson, to the first order).
        np.log((orders + ONE_ORDER) / (usual + ONE_ORDER / 2)),
        # That of what is expected: by their own orders, weeks with many would count more.
        1.0 / (usual + ONE_ORDER),
        nothing,
        np.zeros(0),
    )
    told = foretell(observed, middles, with_season=True, grid=CATEGORY)
    found: list[float] = to_digits(np.exp(np.clip(told.mean, -LIMIT, LIMIT)), FLAT).tolist()
    return tuple(found)
