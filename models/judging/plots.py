"""The plots of the churn evaluation as tables, and what the best offer would earn."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from models.judging.churn import curves
from models.params import ModelParams
from models.probability.cuts import Cuts, Terms
from models.probability.metrics import customer_weights
from models.probability.profit import Offer, best_cut, best_offer, no_profit, profit_curve
from models.simple.rules import BASELINES
from models.words import OURS

BY_MODEL = ("roc", "precision_recall", "gains", "profit")  # plots with a column for each model
INTERVAL = (f"{OURS}_low", f"{OURS}_high")  # of the profit of our model


@dataclass(frozen=True)
class Costs:
    """What retention costs and brings: offers by action, and the margin on what is sold.

    Without a margin, what a retained customer earns is unknown.
    """

    offers: Mapping[str, Offer]
    margin_rate: float | None


@dataclass(frozen=True)
class Profits:
    """Among the figures `cuts`, and `expected_maximum_profit` where it is known; and its curve.

    `cuts` are counts, from which any costs tell a curve (models/probability/cuts.py).
    """

    figures: dict[str, Any]
    curve: pd.DataFrame


def profits_of(
    test: pd.DataFrame,
    predictions: Mapping[str, FloatArray],
    lost: float | None,
    costs: Costs,
    params: ModelParams,
) -> Profits:
    """What the best offer would earn, given the money lost with a leaver on average.

    Without amounts or a margin nobody knows: the same columns, empty.
    """
    profit, y = {}, test["churned"].to_numpy(np.float64)
    cuts = Cuts.of(y, predictions[OURS], int(test["customer_id"].nunique()))
    if lost is not None and costs.margin_rate is not None and np.isfinite(lost):
        weights = customer_weights(test["customer_id"], params.bootstrap_draws, params.seed)
        value = lost * costs.margin_rate
        profit = best_offer(y, predictions, weights, costs.offers, value)
    if not profit:
        curve = no_profit(predictions).assign(**dict.fromkeys(INTERVAL, np.nan))
        return Profits({"cuts": cuts.to_json()}, curve)
    offer = costs.offers[profit["offer"]]
    terms = Terms(offer.contact_cost, offer.incentive_cost, offer.mean_acceptance, value)
    curve = profit_curve(y, predictions, offer, value)
    curve = curve.assign(**dict(zip(INTERVAL, cuts.interval(terms), strict=True)))
    best = cuts.best(terms)
    cut = best_cut(curve, OURS) | {"share_low": best.share_low, "share_high": best.share_high}
    figures = {"expected_maximum_profit": profit | {"cut": cut, "terms": asdict(terms)}}
    return Profits({"cuts": cuts.to_json(), **figures}, curve)


def plots_of(
    y: FloatArray,
    predictions: Mapping[str, FloatArray],
    profits: Profits,
    importance: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """The tables by name; `importance` is that of the features."""
    plots = curves(y, predictions)
    plots["profit"] = profits.curve.round(5)
    # dvc.yaml names the columns to draw: a baseline that cancellations lack is an empty column.
    absent = {name: np.nan for name in BASELINES if name not in predictions}
    plots |= {name: plots[name].assign(**absent) for name in BY_MODEL}
    plots["feature_importance"] = importance.head(25).round(5)
    return plots
