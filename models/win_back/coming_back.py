"""Whether a customer who has lapsed buys again within the horizon, and what that would bring.

    logit P(comes back) = c + β · z,   z: log odds of the rhythm (BG/NBD and Pareto/NBD) at the
                                       level of business ahead; logs of silence, of purchases and of
                                       what was spent, standardised

β has a ridge penalty, and signs: whoever has been silent for longer, all else equal, is never
likelier to come back. The regression is fitted on the lapsed of closed dates; where too few of them
came back, or too few did not, there is no model, and nothing is told. Contacts of the past are in
the outcomes: who was asked then counts as if he had come by himself.

Who comes back brings so many orders over the value horizon as those did who came back, and who
stays away so many as those who stayed away, at the customer's own mean amount, which is shrunk to
that of all.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from core.arrays import FloatArray
from core.digits import CONVEX, TOLD, to_digits
from core.files import read_json, write_json
from features.history.periods import PurchaseDays, amounts_of
from features.planning.timeplan import Timeline
from features.timeline import date_of, is_closed, was_before
from models.calendar.model import Calendar
from models.leaving import LAPSE
from models.probability.curves import hazards_times
from models.simple.btyd_orders import BtydOrders, btyd_inputs
from models.simple.logistic import Logistic
from models.win_back.lapsed import INPUTS, bought_after, inputs_of, lapsed_at

FILE = "win_back.json"
FEWEST = 30  # customers who came back, and who did not: of fewer nothing can be learned
MOST_DATES = 12  # closed dates that are learned from, the latest
RIDGE = 10.0
SIGNS = {"rhythm": 1, "silence": -1}  # of coefficients
PRIOR_ORDERS = 2.0  # as which the mean amount of all counts beside a customer's own
RETURN_PROBABILITY = "return_probability"
VALUE_IF_RETURNS, VALUE_IF_STAYS_AWAY = "value_if_returns", "value_if_stays_away"
COLUMNS = (RETURN_PROBABILITY, VALUE_IF_RETURNS, VALUE_IF_STAYS_AWAY)


@dataclass(frozen=True)
class Brought:
    """Mean orders over the value horizon of who came back and of who stayed away, and an amount.

    `mean_amount` is that of an order of all customers.
    """

    orders_if_returns: float
    orders_if_stays_away: float
    mean_amount: float

    def values(self, lapsed: pd.DataFrame) -> dict[str, FloatArray]:
        """Money (n,) over the value horizon, by the name of the card's field."""
        spent = np.maximum(lapsed["amount_total"].to_numpy(np.float64), 0.0)
        orders = lapsed["orders_total"].to_numpy(np.float64)
        own = (spent + PRIOR_ORDERS * self.mean_amount) / (orders + PRIOR_ORDERS)
        amount = np.where(np.isnan(spent), self.mean_amount, own)
        return {
            VALUE_IF_RETURNS: to_digits(self.orders_if_returns * amount, TOLD),
            VALUE_IF_STAYS_AWAY: to_digits(self.orders_if_stays_away * amount, TOLD),
        }


@dataclass(frozen=True)
class Rhythm:
    """The purchase rhythm of everybody, over the horizon, at the level of business ahead."""

    horizon_days: int
    orders: BtydOrders
    calendar: Calendar | None = None

    def log_odds(self, lapsed: pd.DataFrame, as_of_day: int) -> FloatArray:
        """Log odds (n,) of a purchase within the horizon."""
        silent = self.orders.log_odds_of_no_purchase(self.horizon_days, btyd_inputs(lapsed))
        if self.calendar is not None:
            days = np.full(len(lapsed), as_of_day, np.int64)
            silent = hazards_times(silent, self.calendar.mean_level(days, 0, self.horizon_days))
        return to_digits(-silent, CONVEX)


@dataclass(frozen=True)
class ComingBack:
    """A fitted model; without `brought` it tells no money."""

    rhythm: Rhythm
    regression: Logistic
    brought: Brought | None = None

    def predict(self, lapsed: pd.DataFrame, as_of_day: int) -> pd.DataFrame:
        """The columns COLUMNS, of money where it is known; `lapsed` is that of `lapsed_at`."""
        rhythm = self.rhythm.log_odds(lapsed, as_of_day)
        chance = self.regression.predict(inputs_of(lapsed, rhythm))
        columns = {RETURN_PROBABILITY: to_digits(chance, TOLD)}
        if self.brought is not None:
            columns |= self.brought.values(lapsed)
        return pd.DataFrame(columns, index=lapsed.index)

    def by_rhythm(self, lapsed: pd.DataFrame, as_of_day: int) -> FloatArray:
        """The probability (n,) of the rhythm alone: what the model is compared with."""
        chance: FloatArray = expit(self.rhythm.log_odds(lapsed, as_of_day))
        return chance

    def save(self, folder: Path) -> None:
        """Write `win_back.json`, and the calendar that models of a folder share."""
        content = {
            "horizon_days": self.rhythm.horizon_days,
            "rhythm": self.rhythm.orders.to_dict(),
            "regression": asdict(self.regression),
            "brought": None if self.brought is None else asdict(self.brought),
            "has_calendar": self.rhythm.calendar is not None,
        }
        write_json(folder / FILE, content)
        if self.rhythm.calendar is not None:
            self.rhythm.calendar.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "ComingBack | None":
        """Read what `save` wrote; None where there is no such model."""
        if not (folder / FILE).exists():
            return None
        content: dict[str, Any] = read_json(folder / FILE)
        brought: Mapping[str, float] | None = content["brought"]
        calendar = Calendar.load(folder) if content["has_calendar"] else None
        orders = BtydOrders.from_dict(content["rhythm"])
        return cls(
            Rhythm(content["horizon_days"], orders, calendar),
            Logistic(**content["regression"]),
            None if brought is None else Brought(**brought),
        )


def fit_coming_back(
    purchases: pd.DataFrame, timeline: Timeline, until: int, rhythm: Rhythm
) -> ComingBack | None:
    """Fit on the lapsed of the dates whose outcomes had closed by the day `until`.

    None where leaving is no lapse, and where fewer than FEWEST customers came back, or did not.
    """
    if timeline.churn != LAPSE:
        return None
    rows = _closed_rows(purchases, timeline, until, rhythm)
    back = rows["back"].to_numpy(np.bool_)
    if min(rows["customer_id"][which].nunique() for which in (back, ~back)) < FEWEST:
        return None
    inputs = rows[[name for name in INPUTS if name in rows]]
    regression = Logistic.fit(inputs, back.astype(np.float64), RIDGE, SIGNS)
    return ComingBack(rhythm, regression, _brought(rows, purchases, timeline, until))


def _closed_rows(
    purchases: pd.DataFrame, timeline: Timeline, until: int, rhythm: Rhythm
) -> pd.DataFrame:
    """The lapsed of closed dates: inputs, `customer_id`, `back`, and `orders` where they closed.

    `orders` are those over the value horizon, NaN on dates whose value outcome had not closed.
    """
    horizon, value_days = timeline.windows
    bought, parts = PurchaseDays.of(purchases), []
    for day in _dates(timeline, until):
        lapsed = lapsed_at(purchases, day, timeline.active_within_days)
        after = bought_after(bought, day, lapsed, timeline.windows)
        rows = inputs_of(lapsed, rhythm.log_odds(lapsed, day)).rename_axis("customer_id")
        rows["back"] = after[f"orders_{horizon}"] > 0
        is_known = is_closed(day, value_days, until)
        rows["orders"] = after[f"orders_{value_days}"] if is_known else np.nan
        parts.append(rows.reset_index())
    if not parts:
        return pd.DataFrame({"customer_id": [], "back": np.zeros(0, np.bool_)})
    return pd.concat(parts, ignore_index=True)


def _dates(timeline: Timeline, until: int) -> list[int]:
    """The latest as-of days whose outcome had closed, and before which somebody can have lapsed."""
    first = timeline.data_from + timeline.active_within_days
    days = [day for day in timeline.as_of_days() if day > first]
    return [day for day in days if is_closed(day, timeline.horizon_days, until)][-MOST_DATES:]


def _brought(
    rows: pd.DataFrame, purchases: pd.DataFrame, timeline: Timeline, until: int
) -> Brought | None:
    """What who came back brought; None without amounts, with too few, or beyond what closed."""
    if "amount" not in purchases or timeline.extrapolated_from is not None:
        return None
    known = rows[rows["orders"].notna()]
    back = known["back"].to_numpy(np.bool_)
    if min(known["customer_id"][which].nunique() for which in (back, ~back)) < FEWEST:
        return None
    orders = known["orders"].to_numpy(np.float64)
    so_far = purchases[was_before(purchases["event_day"], pd.Timestamp(date_of(until)))]
    amounts = amounts_of(so_far)
    mean = float(amounts["spend"].sum() / max(amounts["orders"].sum(), 1.0))
    if mean <= 0:
        return None
    returns = to_digits(float(orders[back].mean()), CONVEX)
    away = min(to_digits(float(orders[~back].mean()), CONVEX), returns)
    return Brought(returns, away, to_digits(mean, CONVEX))
