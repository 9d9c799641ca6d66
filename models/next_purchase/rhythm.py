"""When and how much for small data: BG/NBD's own curve, and Gamma-Gamma's amounts.

What BG/NBD expects is multiplied by a level learned from closed outcomes; with few orders the level
is shrunk towards 1, as by PRIOR_ORDERS orders. Money is orders × the amount of an order:
Gamma-Gamma's where enough customers bought again for money, else the mean of all orders.

Where trees have some weight too (models/training/models.py sets it), the two are mixed: curves
before they are tilted to the churn risk, orders and money as predicted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.digits import CONVEX, TOLD, to_digits
from core.files import read_json, write_json
from features.params import Churn
from models.calendar.model import Calendar, level_ahead
from models.leaving import LAPSE
from models.next_purchase.when import WhenModel, furthest_day, marked_days
from models.probability.curves import hazards_by_interval
from models.simple.btyd_orders import BtydOrders, btyd_inputs, last_histories
from models.simple.gamma_gamma import GammaGamma
from models.simple.rules import money_model
from models.value.ahead import busier
from models.value.leavers import Horizons, usual_share

FILE = "rhythm.json"
PRIOR_ORDERS = 20.0  # orders: the weight of BG/NBD's own level
LEVEL_LIMITS = (0.5, 2.0)  # a larger correction comes from a season or from chance
LEAST = 1e-9  # the smallest probability to divide by
# Between these days, ever further apart, a curve of a rhythm hardly bends.
CURVE_DAYS = (0, 1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 45, 60, 75, 90, 120, 180, 270, 365, 540, 730)


@dataclass(frozen=True)
class RhythmCurves(WhenModel):
    """The probability of no purchase by each day of the grid, from the purchase rhythm.

    A behavioural model can be evaluated on any day: on the `days` of another model, or on its own.
    """

    orders: BtydOrders
    horizon: int
    churn: Churn = LAPSE
    days: tuple[int, ...] = ()
    calendar: Calendar | None = None

    @property
    def grid(self) -> tuple[int, ...]:
        """Days of the curve, from 0; the horizon is one of them."""
        own = {*CURVE_DAYS, *marked_days(self.horizon)}
        last = furthest_day(self.horizon)
        return self.days or tuple(sorted(day for day in own if day <= last))

    @property
    def horizon_days(self) -> int:
        """The horizon of churn."""
        return self.horizon

    def survival(self, snapshot: pd.DataFrame) -> FloatArray:
        """P(no purchase before each grid day), (n, len(grid))."""
        triple = btyd_inputs(snapshot)
        days = [self.orders.p_no_purchase(day, triple) for day in self.grid[1:]]
        usual = np.column_stack([np.ones(len(snapshot)), *days])
        if self.calendar is None or snapshot.empty:
            return usual
        return hazards_by_interval(usual, self.calendar.by_interval(snapshot, self.grid))


@dataclass(frozen=True)
class RhythmValue:
    """Orders and, with amounts, money from the rhythm, given a churn risk as in `ValueModel`.

    `mean_amount` is the mean amount of an order, None without amounts; `levels` are factors on what
    BG/NBD expects, by "orders" and "spend".
    """

    orders: BtydOrders
    horizons: Horizons
    gamma_gamma: GammaGamma | None = None
    mean_amount: float | None = None
    levels: Mapping[str, float] = field(default_factory=dict)
    calendar: Calendar | None = None

    def predict(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
        """The columns of `ValueModel.predict`, on the snapshot's index."""
        risk = np.asarray(churn_risk, np.float64)
        outcome, reported = self.horizons.outcome_days, self.horizons.reported_days
        near, stays = (self._if_stays(snapshot, days) for days in (outcome, reported))
        near_share, share = (self._share(snapshot, risk, days) for days in (outcome, reported))
        within = _between(near, near_share, risk)
        columns = {
            "expected_orders": within,
            "expected_orders_in_value_horizon": np.maximum(_between(stays, share, risk), within),
        }
        if self.mean_amount is not None:
            money = self._amount(snapshot) * self.levels.get("spend", 1.0)
            longer = stays * money
            columns |= {
                "expected_spend": within * money,
                "value_if_stays": longer,
                "value_if_lapses": share * longer,
                "expected_value": _between(longer, share, risk),
                "value_at_risk": risk * (longer - share * longer),
            }
        if self.horizons.are_extrapolated:
            learned = self._if_stays(snapshot, self.horizons.value_days)
            columns["value_extrapolation"] = np.clip(
                stays / np.maximum(learned, LEAST), 1.0, self.horizons.reported_days
            )
        return pd.DataFrame(columns, index=snapshot.index)

    def learned(self) -> "RhythmValue":
        """The same model, limited to the days over which outcomes close."""
        return replace(self, horizons=self.horizons._replace(told_days=None))

    def _if_stays(self, snapshot: pd.DataFrame, days: int) -> FloatArray:
        """Orders (n,) within `days` of a customer who stays.

        Together, weighted by the rhythm's own risk, stayers and leavers have the orders that BG/NBD
        expects. A customer who stays through a horizon buys at least once in it, and no faster
        after it.
        """
        expected = self._expected(snapshot, days)
        outcome = self.horizons.outcome_days
        if self.horizons.churn != LAPSE:
            return np.maximum(expected, self._expected(snapshot, outcome))
        lapses = self.orders.bg_nbd.p_no_purchase(outcome, *btyd_inputs(snapshot))
        lapses = to_digits(lapses ** level_ahead(self.calendar, snapshot, outcome), TOLD)
        share = self._share(snapshot, lapses, days)
        stays: FloatArray = np.maximum(
            expected / np.maximum((1.0 - lapses) + lapses * share, LEAST), 1.0
        )
        if days == outcome:
            return stays
        near = self._if_stays(snapshot, outcome)
        return np.clip(
            stays, near, near * (days / outcome) * busier(self.calendar, snapshot, outcome, days)
        )

    def busier(self, snapshot: pd.DataFrame) -> FloatArray:
        """The level (n,) of the days reported beside that of the horizon, at least 1."""
        outcome, reported = self.horizons.outcome_days, self.horizons.reported_days
        return busier(self.calendar, snapshot, outcome, reported)

    def _expected(self, snapshot: pd.DataFrame, days: int) -> FloatArray:
        ahead = level_ahead(self.calendar, snapshot, days)
        return self.orders.expected(snapshot, days) * self.levels.get("orders", 1.0) * ahead

    def _share(self, snapshot: pd.DataFrame, risk: FloatArray, days: int) -> FloatArray:
        """A leaver's share (n,) of the orders within `days`, as usual: too few left to learn it."""
        usual = usual_share(self.horizons, days)
        if self.horizons.churn != LAPSE:
            return usual.of(np.ones(len(snapshot)))
        return usual.of(self.orders.p_back(snapshot, risk, self.horizons.outcome_days, days))

    def _amount(self, snapshot: pd.DataFrame) -> FloatArray:
        """Expected amount of an order (n,)."""
        mean = self.mean_amount or 0.0
        if self.gamma_gamma is None or "monetary_value" not in snapshot:
            return np.full(len(snapshot), mean)
        frequency, _, _ = btyd_inputs(snapshot)
        money = snapshot["monetary_value"].fillna(0.0).to_numpy(np.float64)
        a_day = self.gamma_gamma.expected_amount(frequency, money)
        return a_day / self.orders.orders_per_purchase_day


@dataclass(frozen=True)
class RhythmModels:
    """Both models, and the weight (0 to 1) of the trees that they are mixed with."""

    when: RhythmCurves
    value: RhythmValue
    tree_weight: float = 0.0

    def save(self, folder: Path) -> None:
        """Write `rhythm.json`."""
        money = self.value.gamma_gamma
        content = {
            "tree_weight": self.tree_weight,
            "orders": self.value.orders.to_dict(),
            "horizons": self.value.horizons._asdict(),
            "gamma_gamma": money.to_dict() if money else None,
            "mean_amount": self.value.mean_amount,
            "levels": dict(self.value.levels),
        }
        write_json(folder / FILE, content)
        if self.when.calendar is not None:
            self.when.calendar.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "RhythmModels | None":
        """Read what `save` wrote; None where the trees are used alone."""
        if not (folder / FILE).exists():
            return None
        content: dict[str, Any] = read_json(folder / FILE)
        orders, money = BtydOrders.from_dict(content["orders"]), content["gamma_gamma"]
        horizons = Horizons(**content["horizons"])
        value = RhythmValue(
            orders,
            horizons,
            GammaGamma.from_dict(money) if money else None,
            content["mean_amount"],
            content["levels"],
            calendar := Calendar.load(folder),
        )
        when = RhythmCurves(orders, horizons.outcome_days, horizons.churn, calendar=calendar)
        return cls(when, value, content["tree_weight"])


def rhythm_models(
    rows: pd.DataFrame,
    orders: BtydOrders,
    horizons: Horizons,
    tree_weight: float = 0.0,
    calendar: Calendar | None = None,
) -> RhythmModels:
    """The models of a fitted BG/NBD, with amounts from the last histories of `rows` (snapshots).

    Without a closed outcome among the rows the levels are BG/NBD's own.
    """
    last = last_histories(rows)
    money, amount = money_model(last), _mean_amount(last)
    value = RhythmValue(orders, horizons, money, amount, calendar=calendar)
    closed = rows[rows["outcome_known"]]
    if len(closed):
        value = _at_level_of(value, closed)
    when = RhythmCurves(orders, horizons.outcome_days, horizons.churn, calendar=calendar)
    return RhythmModels(when, value, tree_weight)


def _mean_amount(last: pd.DataFrame) -> float | None:
    if "amount_total" not in last.columns:
        return None
    orders = float(last["orders_total"].sum())
    return max(float(last["amount_total"].sum()) / orders, 0.0) if orders else 0.0


def _at_level_of(value: RhythmValue, closed: pd.DataFrame) -> RhythmValue:
    """The model at the levels of orders, and of the amount of an order, seen within the horizon."""
    expected = value._expected(closed, value.horizons.outcome_days)
    levels = {"orders": _level(closed["orders_in_horizon"].sum(), expected.sum())}
    if value.mean_amount is not None:
        bought = closed["orders_in_horizon"].to_numpy(np.float64)
        spent = float((bought * value._amount(closed)).sum())
        mean_spent = spent / max(float(bought.sum()), 1.0)
        if mean_spent > 0:  # money is counted in mean orders, so that PRIOR_ORDERS means the same
            levels["spend"] = _level(
                closed["spend_in_horizon"].sum() / mean_spent, spent / mean_spent
            )
    return replace(value, levels=levels)


def _level(seen: float, expected: float) -> float:
    level = (seen + PRIOR_ORDERS) / (expected + PRIOR_ORDERS)
    return to_digits(float(np.clip(level, *LEVEL_LIMITS)), CONVEX)


def _between(stays: FloatArray, share: FloatArray, risk: FloatArray) -> FloatArray:
    return (1.0 - risk) * stays + risk * share * stays


@dataclass(frozen=True)
class MixedCurves(WhenModel):
    """Curves mixed from those of trees and of the rhythm, in logs, by the trees' weight."""

    trees: WhenModel
    rhythm: RhythmCurves
    tree_weight: float
    churn: Churn = LAPSE

    @property
    def grid(self) -> tuple[int, ...]:
        """The days of the trees."""
        return self.trees.grid

    @property
    def horizon_days(self) -> int:
        """The horizon of churn."""
        return self.trees.horizon_days

    def survival(self, snapshot: pd.DataFrame) -> FloatArray:
        """P(no purchase before each grid day), (n, len(grid))."""
        trees, rhythm = (
            np.maximum(model.survival(snapshot), LEAST)
            for model in (self.trees, replace(self.rhythm, days=self.grid))
        )
        mixed: FloatArray = trees**self.tree_weight * rhythm ** (1.0 - self.tree_weight)
        return mixed


@dataclass(frozen=True)
class MixedValue:
    """Orders and money mixed from those of trees and of the rhythm, by the trees' weight."""

    trees: Any
    rhythm: RhythmValue
    tree_weight: float

    def predict(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
        """The columns that both have, mixed: they are linear in the amounts and stay consistent."""
        trees = self.trees.predict(snapshot, churn_risk)
        rhythm = self.rhythm.predict(snapshot, churn_risk)
        both = [name for name in trees.columns if name in rhythm.columns]
        mixed = trees[both].mul(self.tree_weight).add(rhythm[both].mul(1.0 - self.tree_weight))
        return pd.DataFrame(mixed)

    def learned(self) -> "MixedValue":
        """The same models without extrapolation beyond the learned days."""
        return replace(self, trees=self.trees.learned(), rhythm=self.rhythm.learned())
