"""How many to withhold, and the smallest effect that this firm can show by when.

The outcome is whether a customer leaves within the horizon. Treated and withheld are compared by a
difference adjusted by the model's own risk (CUPED: Deng, Xu, Kohavi & Walker 2013): what a
calibrated risk p does not explain of the outcome has the variance mean(p x (1 - p)), and of n
customers of whom a share s is withheld the difference has the variance

    variance = mean(p x (1 - p)) / (n x s x (1 - s))

An effect of (1.96 + 0.84) standard errors is shown by an interval of 95 % with a chance of 80 %.

The share that `auto` chooses, action by action:

    assumed effects      30 %
    known effects        as few as show an effect as large as the known one just as well in the next
                         n: with an effect of t standard errors s(1 - s) = 0.3 x 0.7 x (2.8 / t)^2,
                         from t = 2.8 on; never less than 5 %
    too few customers    10 %, where a year of plans at 30 % cannot show even the largest effect
                         that the catalogue hopes for, of any action that is planned
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from core.arrays import FloatArray

CONFIDENCE, POWER = 0.95, 0.80
SHOWN = float(norm.ppf(0.5 + CONFIDENCE / 2) + norm.ppf(POWER))  # standard errors: 2.80
START, LEAST, OF_FEW = 0.30, 0.05, 0.10
YEAR = 365
LOOKED_AT = (90, 180, YEAR)  # days after the plan, beside the end of its own horizon


def smallest_effect(customers: float, share: float, variance: float) -> float | None:
    """The smallest difference of the share who leave that `customers` show, in [0, 1].

    None where no difference that is possible would do. `variance` is what is left of the variance
    of the outcome, as of `unexplained`.
    """
    compared = customers * share * (1 - share)
    if compared <= 0:
        return None
    effect = SHOWN * float(np.sqrt(variance / compared))
    return effect if effect < 1 else None


def unexplained(risk: FloatArray) -> float:
    """The variance of the outcome that a calibrated risk leaves, (customers,)."""
    return float(np.mean(risk * (1 - risk))) if len(risk) else 0.0


@dataclass(frozen=True)
class Outlook:
    """Whom plans like this one compare: customers with an action that the draw may withhold.

    `risk` is (customers,); `hoped` is the largest effect, of any action planned for somebody, at
    the high end of the catalogue.
    Plans count as often as their outcomes do not overlap: every `days`, the longer of the horizon
    and the time between plans.
    """

    risk: FloatArray
    hoped: float
    horizon_days: int
    days: int

    def plans_by(self, days: int) -> int:
        """How many plans, from this one on, have shown their outcome so many days from now."""
        return max(0, 1 + (days - self.horizon_days) // self.days)

    def smallest(self, days: int, share: float) -> float | None:
        """The smallest effect that can be shown so many days from now."""
        many = len(self.risk) * self.plans_by(days)
        return smallest_effect(many, share, unexplained(self.risk))

    def is_too_small(self) -> bool:
        """Whether a year of plans at START cannot show what the catalogue hopes for at best."""
        effect = self.smallest(max(YEAR, self.horizon_days), START)
        return len(self.risk) > 0 and (effect is None or effect > self.hoped)


def share_for(certainty: float | None, outlook: Outlook | None) -> float:
    """The share that `auto` withholds of an action.

    `certainty` is how many standard errors its effect is from nothing by the contacts so far; None
    without contacts. Up to SHOWN nothing is known yet.
    """
    if certainty is not None and abs(certainty) > SHOWN:
        needed = START * (1 - START) * (SHOWN / certainty) ** 2
        return max(LEAST, (1 - float(np.sqrt(1 - 4 * needed))) / 2)
    return OF_FEW if outlook is not None and outlook.is_too_small() else START


def share_reason(certainties: Mapping[str, float], outlook: Outlook | None) -> str:
    """Why `auto` chooses its share: `known` (effects of some action), `too_few` or `assumed`."""
    if any(abs(certainty) > SHOWN for certainty in certainties.values()):
        return "known"
    return "too_few" if outlook is not None and outlook.is_too_small() else "assumed"


def outlook_report(outlook: Outlook, share: float, as_of: dt.date) -> dict[str, Any]:
    """What can be shown by when, as JSON: the smallest effects by date, and what they rest on."""
    risk = outlook.risk
    base = float(risk.mean()) if len(risk) else None
    spread = base * (1 - base) if base is not None else 0.0
    days = sorted({outlook.horizon_days, *(d for d in LOOKED_AT if d > outlook.horizon_days)})
    return {
        "customers_per_plan": len(risk),
        "days_between_plans": outlook.days,
        "base_rate": base,
        "explained": max(0.0, 1 - unexplained(risk) / spread) if spread else None,
        "hoped": outlook.hoped if len(risk) else None,
        "confidence": CONFIDENCE,
        "power": POWER,
        "by_date": [
            {
                "date": (as_of + dt.timedelta(days=later)).isoformat(),
                "plans": outlook.plans_by(later),
                "customers": len(risk) * outlook.plans_by(later),
                "smallest_effect": outlook.smallest(later, share),
            }
            for later in days
        ],
    }
