"""Expected maximum profit of a ranking: what acting on it would earn, at the best cut.

Source: Verbraken, Verbeke & Baesens (2013), "A Novel Profit Maximizing Metric for Measuring
Classification Performance of Customer Churn Prediction Models", IEEE TKDE 25(5), equations 9 to 14.
The share ranked highest is contacted and offered an incentive. Of the leavers among them an unknown
share γ takes the offer and stays; customers who would have stayed anyway take it too. Per customer
of the whole group, in units of the value of one customer,

    P(γ) = π_left F_left (γ (1 - δ) - φ) - π_stayed F_stayed (δ + φ)

with π the shares of leavers and stayers, F the parts of them that are contacted, δ the incentive
and φ the contact as shares of that value. EMP is the mean, over γ ~ Beta, of P at the cut that is
best for that γ. The best cuts lie on the convex hull of the ROC curve.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression
from scipy.special import betainc

from core.arrays import FloatArray
from models.probability.cuts import CURVE_POINTS
from models.probability.metrics import interval

# The acceptance assumed in the paper: Beta(6, 14), on average 30 % of the leavers who get the
# offer.
USUAL = (6.0, 14.0)


@dataclass(frozen=True)
class Offer:
    """What one action costs, in the currency of the data, and how many leavers it keeps.

    `incentive_cost` is the cost of the incentive for each customer who gets the offer and stays,
    `contact_cost` that of each contact; the share of leavers kept is Beta(a, b).
    """

    incentive_cost: float
    contact_cost: float
    acceptance: tuple[float, float] = USUAL

    @property
    def mean_acceptance(self) -> float:
        """The share of leavers kept, on average."""
        a, b = self.acceptance
        return a / (a + b)


@dataclass(frozen=True)
class Profit:
    """EMP in money per customer of the group, and the share of the group that is contacted."""

    per_customer: float
    share_contacted: float


def expected_maximum_profit(
    y: FloatArray, p: FloatArray, w: FloatArray, offer: Offer, customer_value: float
) -> Profit:
    """EMP of probabilities p (n,) for outcomes y (n,) in {0, 1} with weights w (n,).

    `customer_value` is the money lost with a leaver. Zero where contacting anybody would cost more
    than it brings, NaN where all outcomes are equal. Raises ValueError for a value that is not
    positive, or a cost below zero.
    """
    if customer_value <= 0 or min(offer.incentive_cost, offer.contact_cost) < 0:
        raise ValueError(
            f"The value must be above 0 and no cost below it: {customer_value}, {offer}."
        )
    left = float((w * y).sum())
    stayed = float(w.sum() - left)
    if not (left and stayed):
        return Profit(float("nan"), float("nan"))
    share_left = left / (left + stayed)
    delta, phi = offer.incentive_cost / customer_value, offer.contact_cost / customer_value
    found, alarms = _hull(y, p, w)
    cuts = _acceptance_at_cuts(found, alarms, share_left, (delta, phi))
    a, b = offer.acceptance
    mass = np.diff(betainc(a, b, cuts))
    # Partial means of a Beta: the integral of γ dBeta(a, b) is a / (a + b) of Beta(a + 1, b).
    mean = a / (a + b) * np.diff(betainc(a + 1, b, cuts))
    earned = share_left * found * ((1 - delta) * mean - phi * mass)
    spent = (1 - share_left) * alarms * (delta + phi) * mass
    contacted = (share_left * found + (1 - share_left) * alarms) * mass
    return Profit(float(customer_value * (earned - spent).sum()), float(contacted.sum()))


def acceptance_of(low: float, mid: float, high: float) -> tuple[float, float]:
    """The Beta (a, b) with mean `mid` whose 80 % spread is about that from `low` to `high`.

    Shares in [0, 1]. A spread too wide for a Beta with one peak is narrowed until there is one.
    """
    mid = min(max(mid, 1e-3), 1 - 1e-3)
    deviation = max(high - low, 1e-3) / (2 * 1.2816)  # 10th and 90th percentile of a normal
    size = mid * (1 - mid) / deviation**2 - 1
    size = max(size, 1.0 / min(mid, 1 - mid))
    return mid * size, (1 - mid) * size


def _hull(y: FloatArray, p: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Corners of the ROC convex hull, from nobody to everybody: shares of leavers and stayers.

    Pooling neighbours until the share of leavers falls from block to block gives that hull (Fawcett
    & Niculescu-Mizil 2007, "PAV and the ROC convex hull", Machine Learning 68).
    """
    order = np.argsort(-p[w > 0], kind="stable")
    ys, ps, ws = (values[w > 0][order] for values in (y, p, w))
    starts = np.flatnonzero(np.r_[True, ps[1:] != ps[:-1]])
    hits, size = np.add.reduceat(ws * ys, starts), np.add.reduceat(ws, starts)
    corners = isotonic_regression(hits / size, weights=size, increasing=False).blocks
    found, alarms = np.r_[0.0, np.cumsum(hits)], np.r_[0.0, np.cumsum(size - hits)]
    return found[corners] / found[-1], alarms[corners] / alarms[-1]


def _acceptance_at_cuts(
    found: FloatArray, alarms: FloatArray, share_left: float, shares: tuple[float, float]
) -> FloatArray:
    """Acceptance from 0 to 1 at which each corner starts to be best, and 1 at the end.

    Two neighbouring corners have the same P at one γ: from there on the further one is better.
    """
    delta, phi = shares
    leavers, stayers = share_left * np.diff(found), (1 - share_left) * np.diff(alarms)
    per_leaver = np.divide(stayers, leavers, out=np.full_like(leavers, np.inf), where=leavers > 0)
    if delta >= 1:  # the incentive costs all that a customer brings
        switch = np.full_like(leavers, np.inf)
    else:
        dear = (delta + phi) * per_leaver if delta + phi else np.zeros_like(leavers)
        switch = (phi + dear) / (1 - delta)
    cuts: FloatArray = np.r_[0.0, np.clip(np.maximum.accumulate(switch), 0.0, 1.0), 1.0]
    return cuts


def profit_curve(
    y: FloatArray, predictions: Mapping[str, FloatArray], offer: Offer, customer_value: float
) -> pd.DataFrame:
    """Profit of contacting the share ranked highest, for shares from 0 to 1 in steps of 1 %.

    Outcomes y (n,) in {0, 1}, probabilities (n,) by model. P(γ) as above at the mean acceptance.
    Columns: `share_contacted`; `churn_risk`, the first model's risk from which on customers are
    contacted; and for each model the money per 1,000 customers of the group.
    """
    kept = offer.mean_acceptance
    of_leaver = kept * (customer_value - offer.incentive_cost) - offer.contact_cost
    of_stayer = -offer.incentive_cost - offer.contact_cost
    shares = np.linspace(0.0, 1.0, CURVE_POINTS)
    cuts = np.round(shares * len(y)).astype(np.intp)
    table: dict[str, FloatArray] = {"share_contacted": shares}
    for place, (name, p) in enumerate(predictions.items()):
        order = np.argsort(-p, kind="stable")
        if not place:
            table["churn_risk"] = np.r_[1.0, p[order]][cuts]
        earned = np.where(y[order] == 1, of_leaver, of_stayer)
        table[name] = 1000 * np.r_[0.0, np.cumsum(earned)][cuts] / len(y)
    return pd.DataFrame(table)


def no_profit(models: Iterable[str]) -> pd.DataFrame:
    """The columns of a profit curve without values: nobody knows what a customer is worth."""
    shares = np.linspace(0.0, 1.0, CURVE_POINTS)
    unknown = dict.fromkeys(("churn_risk", *models), np.nan)
    return pd.DataFrame({"share_contacted": shares}).assign(**unknown)


def best_cut(curve: pd.DataFrame, name: str) -> dict[str, float]:
    """Where a profit curve of a model is highest: `churn_risk`, `share_contacted`, `profit`."""
    place = int(curve[name].to_numpy().argmax())
    columns = {"churn_risk": "churn_risk", "share_contacted": "share_contacted", "profit": name}
    return {key: float(curve[column].to_numpy()[place]) for key, column in columns.items()}


def best_offer(
    y: FloatArray,
    predictions: Mapping[str, FloatArray],
    weights: FloatArray,
    offers: Mapping[str, Offer],
    customer_value: float,
) -> dict[str, Any]:
    """EMP of every model for the offer that earns most with the first model, with 95 % intervals.

    `weights` (draws, n) are `metrics.customer_weights`. Returns `offer`, `customer_value`,
    `share_contacted` (by the first model) and `models` {name: {value, low, high}}, money per
    customer; empty without an offer, a positive value or both outcomes.
    """
    if not (offers and customer_value > 0 and 0 < y.sum() < len(y)):
        return {}
    first, ones = next(iter(predictions.values())), np.ones_like(y)

    def earned(name: str) -> Profit:
        return expected_maximum_profit(y, first, ones, offers[name], customer_value)

    best = max(offers, key=lambda name: earned(name).per_customer)

    def metric(y: FloatArray, p: FloatArray, w: FloatArray) -> float:
        return expected_maximum_profit(y, p, w, offers[best], customer_value).per_customer

    return {
        "offer": best,
        "customer_value": customer_value,
        "share_contacted": earned(best).share_contacted,
        "models": {
            name: figure
            for name, p in predictions.items()
            if (figure := interval(metric, y, p, weights))
        },
    }
