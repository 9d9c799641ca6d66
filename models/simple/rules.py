"""The baselines that every model is compared with: simple ways to predict who leaves.

Each predicts a calibrated P(leaving within the horizon). Rules are what a person would sort by; the
grade compares the model with the best of all baselines. None reads a text feature.

BG/NBD predicts who stops buying, which says nothing about a cancellation: a subscription is paid
for until it ends. For cancellations it is a baseline of the next purchase only.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.digits import TOLD, to_digits
from core.errors import DataGateError
from core.files import read_json, write_json
from features.params import Churn
from models.leaving import LAPSE, saved
from models.simple.btyd_orders import BtydOrders, btyd_inputs, fit_btyd_orders, last_histories
from models.simple.gamma_gamma import GammaGamma, fit_gamma_gamma
from models.simple.kaplan_meier import SegmentCurves, fit_segment_curves
from models.simple.logistic import Logistic

FILE = "baselines.json"
BASELINES: dict[str, str] = {
    "recency_rule": "the longer silent, the more at risk",
    "own_rhythm_rule": "silence against the customer's own mean gap between purchases",
    "rfm_logistic": "logistic regression on recency, frequency and money",
    "bg_nbd": "BG/NBD, the buy-till-you-die model of Fader, Hardie & Lee (2005)",
}
# For cancellations, where the snapshot has the tenure; it is a rule too.
TENURE_RULE, TENURE = "tenure_rule", "subscription_tenure_days"
# The weight of the population's mean gap, in gaps; a customer's own has the weight of its gaps.
PRIOR_GAPS = 2.0
FEWEST_PAYING = 20  # customers who bought again for money; with fewer Gamma-Gamma is not fitted
CURVE_DAYS = 400  # the end of the curves of segments, where somebody was followed that long

Design = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Baselines:
    """The fitted baselines of churn, and the rules of thumb for when and how much."""

    horizon_days: int
    population_gap: float
    logistics: dict[str, Logistic]
    orders: BtydOrders
    segment_curves: SegmentCurves
    gamma_gamma: GammaGamma | None = None
    churn: Churn = LAPSE

    def predict(self, snapshot: pd.DataFrame) -> pd.DataFrame:
        """Probability of churn, one column per baseline, on the snapshot's index.

        For a lapse all of `BASELINES`; for a cancellation no BG/NBD, but the tenure rule.
        """
        designs = _designs(self.population_gap)
        columns = {
            name: logistic.predict(designs[name](snapshot))
            for name, logistic in self.logistics.items()
        }
        if self.churn == LAPSE:
            columns["bg_nbd"] = self.orders.bg_nbd.p_no_purchase(
                self.horizon_days, *btyd_inputs(snapshot)
            )
        ordered = [name for name in (TENURE_RULE, *BASELINES) if name in columns]
        rounded = {name: to_digits(columns[name], TOLD) for name in ordered}
        return pd.DataFrame(rounded, index=snapshot.index)

    def days_to_next_purchase(self, snapshot: pd.DataFrame) -> FloatArray:
        """Days (n,) until the customer's own mean gap is over; 0 for customers already late.

        The gap is smoothed as in the own-rhythm rule, so that one-time buyers have one too. For a
        customer who never bought the gap starts at the as-of date.
        """
        silence = snapshot["days_since_last_purchase"].fillna(0.0).to_numpy(np.float64)
        days: FloatArray = np.maximum(smoothed_gap(snapshot, self.population_gap) - silence, 0.0)
        return days

    def expected_orders(self, snapshot: pd.DataFrame, days: int) -> FloatArray:
        """Expected orders (n,) within `days`: BG/NBD's purchase days × orders on each."""
        return self.orders.expected(snapshot, days)

    def expected_spend(self, snapshot: pd.DataFrame, days: int) -> FloatArray | None:
        """Expected spend (n,) within `days`: BG/NBD's purchase days × Gamma-Gamma's amount of each.

        None where the data has no amounts, or nobody bought again for money.
        """
        if self.gamma_gamma is None or "monetary_value" not in snapshot.columns:
            return None
        frequency, recency, t = btyd_inputs(snapshot)
        money = snapshot["monetary_value"].fillna(0.0).to_numpy(np.float64)
        expected = self.orders.bg_nbd.expected_purchases(days, frequency, recency, t)
        return to_digits(expected * self.gamma_gamma.expected_amount(frequency, money), TOLD)

    def save(self, folder: Path) -> None:
        """Write `baselines.json`."""
        content = asdict(self) | {"segment_curves": self.segment_curves.to_dict()}
        del content["churn"]
        write_json(folder / FILE, {**content, **saved(self.churn)})

    @classmethod
    def load(cls, folder: Path) -> "Baselines":
        """Read what `save` wrote; ArtifactError when it is missing."""
        content: dict[str, Any] = read_json(folder / FILE)
        money = content["gamma_gamma"]
        return cls(
            horizon_days=content["horizon_days"],
            population_gap=content["population_gap"],
            logistics={name: Logistic(**saved) for name, saved in content["logistics"].items()},
            orders=BtydOrders.from_dict(content["orders"]),
            segment_curves=SegmentCurves.from_dict(content["segment_curves"]),
            gamma_gamma=GammaGamma.from_dict(money) if money else None,
            churn=content.get("churn", LAPSE),
        )


def fit_baselines(
    train: pd.DataFrame,
    horizon_days: int,
    churn: Churn = LAPSE,
    everybody: Callable[[], BtydOrders | None] = lambda: None,
) -> Baselines:
    """Fit all baselines on the training snapshot's rows with a known outcome.

    BG/NBD describes a history and needs no outcome: it is fitted on the last as-of date alone,
    where histories are longest and each customer appears once; where none of them bought on two
    days, the BG/NBD of `everybody` is used. Where all left, or all stayed, no regression is fitted.
    Raises DataGateError where no outcome is known, or no customer bought on two days. The tenure
    rule needs the column `subscription_tenure_days`.
    """
    known = train[train["churned"].notna()]
    churned = known["churned"].to_numpy(np.float64)
    if not len(churned):
        raise DataGateError(
            f"No training row has a known outcome over {horizon_days} days: the history ends too "
            "early. Shorten task.horizon_days or take a longer history."
        )
    gaps = known["gap_mean"].dropna()
    population_gap = float(gaps.mean()) if len(gaps) else float(horizon_days)
    has_tenure = churn != LAPSE and TENURE in known.columns
    logistics = {
        name: Logistic.fit(design(known), churned)
        for name, design in _designs(population_gap).items()
        if (name != TENURE_RULE or has_tenure) and 0 < churned.sum() < len(churned)
    }
    return Baselines(
        horizon_days=horizon_days,
        population_gap=population_gap,
        logistics=logistics,
        orders=_btyd_of(train, everybody),
        segment_curves=fit_segment_curves(train, CURVE_DAYS),
        gamma_gamma=money_model(last_histories(train)),
        churn=churn,
    )


def _btyd_of(train: pd.DataFrame, everybody: Callable[[], BtydOrders | None]) -> BtydOrders:
    try:
        return fit_btyd_orders(train)
    except DataGateError:
        stands_in = everybody()
        if stands_in is None:
            raise
        return stands_in


def money_model(last: pd.DataFrame) -> GammaGamma | None:
    """Gamma-Gamma on the last histories; None without amounts, or where too few bought again."""
    if "monetary_value" not in last.columns:
        return None
    frequency, money = (last[n].to_numpy(np.float64) for n in ("frequency", "monetary_value"))
    if ((frequency > 0) & (money > 0)).sum() < FEWEST_PAYING:
        return None
    return fit_gamma_gamma(frequency, money)


def smoothed_gap(snapshot: pd.DataFrame, population_gap: float) -> FloatArray:
    """The customer's mean days between purchases (n,), with few gaps shrunk to the population's."""
    gaps = np.maximum(snapshot["orders_total"].fillna(0.0).to_numpy(np.float64) - 1.0, 0.0)
    own = snapshot["gap_mean"].to_numpy(np.float64)
    own = np.where(np.isnan(own), population_gap, own)
    smoothed: FloatArray = (gaps * own + PRIOR_GAPS * population_gap) / (gaps + PRIOR_GAPS)
    return smoothed


def last_period(
    snapshot: pd.DataFrame, what: Literal["orders", "amount"], horizon_days: int
) -> FloatArray | None:
    """Orders or spend (n,) of the window nearest to the horizon, scaled to its length.

    The rule "next period equals the last one"; None when the snapshot has no such window.
    """
    windows = _windows(snapshot, what)
    if not windows:
        return None
    days = min(windows, key=lambda length: (abs(length - horizon_days), length))
    last = snapshot[f"{what}_{days}d"].fillna(0.0)  # unknown for customers who never bought
    return last.to_numpy(np.float64) * (horizon_days / days)


def _designs(population_gap: float) -> dict[str, Design]:
    """The inputs of each logistic baseline, as functions of the snapshot."""

    def recency(snapshot: pd.DataFrame) -> pd.DataFrame:
        return log_scaled(snapshot[["days_since_last_purchase"]])

    def own_rhythm(snapshot: pd.DataFrame) -> pd.DataFrame:
        late = snapshot["days_since_last_purchase"] / smoothed_gap(snapshot, population_gap)
        return log_scaled(late.to_frame("silence_over_own_gap"))

    def tenure(snapshot: pd.DataFrame) -> pd.DataFrame:
        return log_scaled(snapshot[[TENURE]])

    return {
        TENURE_RULE: tenure,
        "recency_rule": recency,
        "own_rhythm_rule": own_rhythm,
        "rfm_logistic": _rfm,
    }


def _rfm(snapshot: pd.DataFrame) -> pd.DataFrame:
    return log_scaled(snapshot[rfm_columns(snapshot)])


def rfm_columns(snapshot: pd.DataFrame) -> list[str]:
    """Recency, frequency and money, each over the longest window up to 90 days."""
    columns = ["days_since_last_purchase", "orders_total"]
    for what in ("orders", "amount"):
        windows = [days for days in _windows(snapshot, what) if days <= 90]
        columns += [f"{what}_{max(windows)}d"] if windows else []
    return columns + (["amount_total"] if "amount_total" in snapshot else [])


def log_scaled(values: pd.DataFrame) -> pd.DataFrame:
    """log(1 + |value|) with the value's sign: net refunds are negative, undefined stays NaN."""
    numbers = values.to_numpy(np.float64)
    scaled = np.sign(numbers) * np.log1p(np.abs(numbers))
    return pd.DataFrame(scaled, index=values.index, columns=values.columns)


def _windows(snapshot: pd.DataFrame, what: str) -> list[int]:
    names = (re.fullmatch(rf"{what}_(\d+)d", str(name)) for name in snapshot.columns)
    return sorted(int(name[1]) for name in names if name)
