"""Customers whose orders and money follow a known rate, and models of them."""

import numpy as np
import pandas as pd

from models.params import BandParams, BoosterParams, EnsembleParams, GateParams, ModelParams
from models.value.leavers import Horizons
from tests.snapshots import category_params

FEATURES = ("rate", "basket", "noise")
HORIZONS = Horizons(outcome_days=28, value_days=84)
LAPSE_SHARE = 0.3
ORDERS = ["expected_orders", "expected_orders_in_value_horizon"]
MONEY = [
    "expected_spend",
    "value_if_stays",
    "value_if_lapses",
    "expected_value",
    "value_at_risk",
]


def params():
    booster = BoosterParams(
        learning_rate=0.1,
        num_leaves=8,
        min_data_in_leaf=50,
        feature_fraction=1.0,
        lambda_l2=1.0,
        max_rounds=300,
        early_stopping_rounds=20,
    )
    return ModelParams(
        seed=7,
        threads=1,
        calibration_folds=3,
        bootstrap_draws=10,
        max_reasons=5,
        reasons_share=1.0,
        gates=GateParams(min_customers=1, min_churners=1),
        bands=BandParams(high=0.6, medium=0.3),
        churn=EnsembleParams(
            **booster.model_dump(), members=1, random_members=0, bagging_fraction=1.0
        ),
        next_purchase=booster,
        value=booster,
        next_categories=category_params(),
    )


def customers(rows, seed, level=1.0):
    """Customers whose chance to lapse, further orders and money per order stand in their features.

    A lapsed one brings LAPSE_SHARE of the value, and of the orders over its horizon; `true_…`
    columns are the planted expectations. Their history says as much of the rate as BG/NBD can read.
    """
    rng = np.random.default_rng(seed)
    rate, basket = rng.uniform(0.2, 4, rows), np.exp(rng.normal(3, 0.5, rows))
    risk = 1 / (1 + rate)
    stays = rng.random(rows) >= risk
    orders = np.where(stays, 1 + rng.poisson(level * rate), 0)
    spend_if_stays = level * basket * (1 + rate)
    value_if_stays = 3 * spend_if_stays
    spread = rng.gamma(2, 1 / 2, (2, rows))
    noise = rng.normal(size=rows)
    far_if_stays = 3 * (1 + level * rate)
    far = orders + rng.poisson(np.where(stays, 2, 3 * LAPSE_SHARE) * far_if_stays / 3)
    bought = rng.poisson(7 * rate)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(rows)],
            "as_of_date": pd.Timestamp("2024-06-01"),
            "rate": rate,
            "basket": basket,
            "noise": noise,
            "frequency": bought.astype(float),
            "recency": 200.0 * bought / (bought + 1),
            "T": 200.0,
            "orders_total": bought + 1.0,
            "outcome_known": True,
            "churned": (~stays).astype(float),
            "orders_in_horizon": orders.astype(float),
            "spend_in_horizon": np.where(stays, spend_if_stays * spread[0], 0.0),
            "value_known": True,
            "orders_in_value_horizon": far.astype(float),
            "value": np.where(stays, 1.0, LAPSE_SHARE) * value_if_stays * spread[1],
            "true_risk": risk,
            "true_orders": (1 - risk) * (1 + level * rate),
            "true_far": ((1 - risk) + risk * LAPSE_SHARE) * far_if_stays,
            "true_spend": (1 - risk) * spend_if_stays,
            "true_stays": value_if_stays,
        }
    )
