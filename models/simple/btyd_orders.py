"""Predictions from the purchase rhythm alone: BG/NBD × orders per purchase day, and silence.

It is a baseline beside every model, the start from which orders over the value horizon are learned,
the way to extrapolate values beyond the outcomes that have closed, and the model of small data: a
behavioural model can be evaluated for any time ahead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from core.arrays import FloatArray
from core.digits import CONVEX, TOLD, to_digits
from models.simple.btyd import BgNbd, fit_bg_nbd
from models.simple.pareto_nbd import PENALTY, ParetoNbd, fit_pareto_nbd

Triple = tuple[FloatArray, FloatArray, FloatArray]  # frequency, recency and T, each (n,)

LEAST = 1e-12  # the smallest probability to divide by
SUREST = 1e-4  # probabilities are kept this far from 0 and 1: both models become certain too early


@dataclass(frozen=True)
class BtydOrders:
    """A fitted BG/NBD and the mean number of orders per purchase day; with it a Pareto/NBD.

    Where both are there, the probability of silence comes from both: for BG/NBD every one-time
    buyer is alive, for Pareto/NBD they may have dropped out, and the mean of their log odds is
    never far behind the better one.
    """

    bg_nbd: BgNbd
    orders_per_purchase_day: float
    pareto_nbd: ParetoNbd | None = None

    def expected(self, snapshot: pd.DataFrame, days: int) -> FloatArray:
        """Expected orders (n,) within `days` after the as-of date, above 0."""
        expected = self.bg_nbd.expected_purchases(days, *btyd_inputs(snapshot))
        orders: FloatArray = expected * self.orders_per_purchase_day
        return to_digits(orders, TOLD)

    def log_odds_of_no_purchase(self, days: int, triple: Triple) -> FloatArray:
        """Log odds (n,) of no purchase within `days`: the mean of the fitted models."""
        silent = [self.bg_nbd.p_no_purchase(days, *triple)]
        if self.pareto_nbd is not None:
            silent.append(self.pareto_nbd.p_no_purchase(days, *triple))
        odds = [logit(np.clip(p, SUREST, 1.0 - SUREST)) for p in silent]
        return to_digits(np.asarray(np.mean(odds, axis=0), np.float64), CONVEX)

    def p_no_purchase(self, days: int, triple: Triple) -> FloatArray:
        """P(no purchase within `days`), (n,)."""
        silent: FloatArray = expit(self.log_odds_of_no_purchase(days, triple))
        return to_digits(silent, TOLD)

    def p_back(
        self, snapshot: pd.DataFrame, churn_risk: FloatArray, horizon_days: int, days: int
    ) -> FloatArray:
        """P(a purchase within `days` | none within the horizon), (n,), 0 where days are no longer.

        By BG/NBD, whose P(alive) is replaced by the one at which its probability of no purchase
        within the horizon is the churn risk: the risk says who is gone, and the rhythm how soon who
        is not buys again. Where not even P(alive) = 1 makes the risk so low, that is taken.
        """
        frequency, _, t = btyd_inputs(snapshot)
        near, far = (
            self.bg_nbd.p_silent_while_alive(end, frequency, t)
            for end in (horizon_days, max(days, horizon_days))
        )
        risk = np.maximum(churn_risk, near)
        alive = (1.0 - risk) / np.maximum(1.0 - near, LEAST)
        back: FloatArray = alive * (near - far) / risk
        return to_digits(back, TOLD)

    def to_dict(self) -> dict[str, Any]:
        """The models as plain data, for JSON."""
        content: dict[str, Any] = {
            "bg_nbd": self.bg_nbd.to_dict(),
            "orders_per_purchase_day": self.orders_per_purchase_day,
        }
        return content | ({"pareto_nbd": self.pareto_nbd.to_dict()} if self.pareto_nbd else {})

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "BtydOrders":
        """The reverse of `to_dict`; other keys in the JSON are ignored."""
        pareto = content.get("pareto_nbd")
        return cls(
            BgNbd.from_dict(content["bg_nbd"]),
            content["orders_per_purchase_day"],
            ParetoNbd.from_dict(pareto) if pareto else None,
        )


def fit_btyd_orders(rows: pd.DataFrame) -> BtydOrders:
    """Fit on the last as-of date of `rows`, where histories are longest and customers unique.

    BG/NBD describes a history and needs no outcome. Raises DataGateError when no customer bought on
    two days.
    """
    last = last_histories(rows)
    return BtydOrders(fit_bg_nbd(*btyd_inputs(last)), _orders_a_day(last))


def fit_rhythm(everybody: pd.DataFrame) -> BtydOrders:
    """Fit both models, with a small penalty, on histories of `features.history.periods`.

    Raises DataGateError when no customer bought on two days.
    """
    triple = btyd_inputs(everybody)
    bg_nbd = fit_bg_nbd(*triple, PENALTY)
    return BtydOrders(bg_nbd, _orders_a_day(everybody), fit_pareto_nbd(*triple))


def _orders_a_day(rows: pd.DataFrame) -> float:
    return float(rows["orders_total"].sum() / (rows["frequency"] + 1.0).sum())


def last_histories(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last as-of date whose customer has ever bought."""
    last: pd.DataFrame = rows[(rows["as_of_date"] == rows["as_of_date"].max()) & rows["T"].notna()]
    return last


def btyd_inputs(snapshot: pd.DataFrame) -> Triple:
    """frequency, recency and T, each (n,); all are 0 for a customer who never bought."""
    triple = snapshot[["frequency", "recency", "T"]].to_numpy(np.float64)
    frequency, recency, t = np.where(np.isnan(triple), 0.0, triple).T
    return frequency, recency, t
