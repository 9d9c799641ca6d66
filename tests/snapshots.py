"""Snapshots of simulated customers, without tables and without the feature engine.

Each customer buys at random at a rhythm of their own until the day they leave for good, so that
silence against the own rhythm is what truly tells who left.
"""

from functools import cache

import numpy as np
import pandas as pd

from features.params import TaskParams, TimelineParams
from features.planning.profile import Profile
from features.planning.splits import plan_timeline
from features.snapshot import group_of
from features.timeline import date_of, day_of
from models.params import (
    BandParams,
    BoosterParams,
    CategoryParams,
    EnsembleParams,
    GateParams,
    ModelParams,
)
from models.training.models import train_all

FIRST = day_of(pd.Timestamp("2024-01-01").date())
HORIZON, VALUE_HORIZON, ACTIVE, STEP = 28, 56, 60, 14
FEATURES = [
    "days_since_last_purchase",
    "tenure_days",
    "orders_total",
    "orders_30d",
    "orders_90d",
    "amount_total",
    "amount_30d",
    "amount_90d",
    "amount_mean",
    "gap_mean",
    "silence_over_gap_mean",
]

PLANS = {"basic": 60.0, "plus": 250.0, "premium": 1500.0}  # mean days until it is cancelled
TEXTS = ["subscription_plan", "attribute_region"]
TERMS = ["subscription_tenure_days", *TEXTS]


def booster_params(**changes):
    """Quick settings: few, fast trees."""
    usual = {
        "learning_rate": 0.15,
        "num_leaves": 6,
        "min_data_in_leaf": 30,
        "feature_fraction": 0.8,
        "lambda_l2": 5.0,
        "max_rounds": 60,
        "early_stopping_rounds": 8,
    }
    return BoosterParams(**(usual | changes))


def category_params(**changes):
    """Quick settings of the model of categories."""
    usual = {**booster_params().model_dump(), "most_popular": 8, "most_pairs": 20_000}
    return CategoryParams(**(usual | changes))


def ensemble_params(**changes):
    """Two such models and a regression, so that what is said of one cannot pass for all."""
    members = {"members": 2, "random_members": 1, "bagging_fraction": 0.8, "linear_weight": 0.3}
    return EnsembleParams(**booster_params(**changes).model_dump(), **members)


def model_params(**changes):
    """Parameters of section `model` for small data; every key can be replaced."""
    usual = {
        "seed": 3,
        "threads": 1,
        "calibration_folds": 3,
        "reasons_share": 1.0,
        "bootstrap_draws": 20,
        "max_reasons": 5,
        "gates": GateParams(min_customers=20, min_churners=4),
        "bands": BandParams(high=0.5, medium=0.2),
        "churn": ensemble_params(),
        "next_purchase": booster_params(max_rounds=30),
        "value": booster_params(max_rounds=30),
        "next_categories": category_params(),
    }
    return ModelParams(**(usual | changes))


def timeline(days=280, churn="lapse"):
    """The time plan of `simulate` with as many days of history."""
    task = TaskParams(
        churn=churn,
        horizon_days=HORIZON,
        active_within_days=ACTIVE,
        value_horizon_days=VALUE_HORIZON,
    )
    params = TimelineParams(step_days=STEP, snapshots="auto")
    return plan_timeline(task, params, Profile(FIRST, FIRST + days, 100, 0.1, 20.0))


def simulate(customers=400, days=280, seed=1, churn="lapse"):
    """Snapshots (features, labels, splits) of all dates of `timeline(days)`, sorted as ours are.

    For a cancellation everyone has a subscription from their first purchase until they leave; its
    plan alone tells how soon that is, and the region tells nothing.
    """
    bought, amount, terms = _lives(customers, days, seed, churn)
    plan = timeline(days, churn)
    frames = [_at(plan, as_of, bought, amount) for as_of in plan.as_of_days()]
    if terms:
        frames = [_with_terms(frame, terms, plan) for frame in frames]
    else:
        frames = [
            frame[(frame["orders_total"] > 0) & (frame["days_since_last_purchase"] <= ACTIVE)]
            for frame in frames
        ]
    return pd.concat(frames, ignore_index=True)


def simulate_purchases(customers=400, days=280, seed=1):
    """The purchase timelines of the same customers."""
    bought, amount, _ = _lives(customers, days, seed, "lapse")
    who, when = np.nonzero(bought)
    return pd.DataFrame(
        {
            "customer_id": pd.array([f"c{number:05d}" for number in who], "str"),
            "event_day": pd.to_datetime(FIRST + when, unit="D").astype("datetime64[us]"),
            "orders": 1,
            "amount": amount[who, when],
        }
    )


def _lives(customers, days, seed, churn):
    """What each customer bought each day (customers, days), and the terms of subscriptions."""
    rng = np.random.default_rng(seed)
    day = np.arange(days + 1)  # the day of the last row belongs to the data
    gap = rng.uniform(4, 16, customers)
    join = np.where(rng.random(customers) < 0.6, 0, rng.integers(0, days // 2, customers))
    leave = join + 15 + rng.exponential(220, customers)
    terms = None
    if churn == "cancellation":
        kind = rng.integers(0, len(PLANS), customers)
        leave = join + 15 + rng.exponential(np.array(list(PLANS.values()))[kind])
        terms = {
            "subscription_plan": np.array(list(PLANS))[kind],
            "attribute_region": rng.choice(["north", "south", "Ёлкино"], customers),
            "starts": join,
            "ends": leave,
        }
    alive = (day >= join[:, None]) & (day < leave[:, None])
    bought = alive & (rng.random((customers, len(day))) < 1 / gap[:, None])
    bought[np.arange(customers), join] = True
    basket = np.exp(rng.normal(3, 0.5, (customers, 1)))
    amount = bought * basket * rng.gamma(4, 0.25, (customers, len(day)))
    return bought, amount, terms


def _with_terms(frame, terms, plan):
    """Those with a running subscription, whether it ended, and what is known of it."""
    as_of = frame["as_of_date"].iloc[0]
    now = day_of(as_of.date()) - FIRST
    texts = {name: pd.array(terms[name], "str") for name in TEXTS}
    ended = (terms["ends"] < now + HORIZON).astype(float)
    with_terms = frame.assign(
        **texts,
        subscription_tenure_days=(now - terms["starts"]).astype(float),
        churned=np.where(frame["outcome_known"], ended, np.nan),
    )
    return with_terms[(terms["starts"] < now) & (terms["ends"] >= now)]


def _at(plan, as_of, bought, amount):
    """One as-of date: matrices (customers, days) cut at it for features, read on for labels."""
    now = as_of - FIRST
    past, later = bought[:, :now], bought[:, now : plan.data_until - FIRST]
    count = past.sum(axis=1)
    first = past.argmax(axis=1)
    last = now - 1 - past[:, ::-1].argmax(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap_mean = np.where(count > 1, (last - first) / (count - 1), np.nan)
        silence = (now - last) / gap_mean

    def recent(matrix, window):
        return matrix[:, max(now - window, 0) : now].sum(axis=1).astype(float)

    def ahead(matrix, window):
        closed = as_of + window <= plan.data_until
        return matrix[:, now : now + window].sum(axis=1).astype(float) if closed else np.nan

    total = amount[:, :now].sum(axis=1)
    orders = ahead(bought, HORIZON)
    later = np.hstack([later, np.zeros((len(later), 1), dtype=bool)])
    came = later.any(axis=1)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:05d}" for number in range(len(bought))],
            "as_of_date": pd.Timestamp(date_of(as_of)),
            "split": plan.split_of(as_of),
            "days_since_last_purchase": (now - last).astype(float),
            "tenure_days": (now - first).astype(float),
            "orders_total": count.astype(float),
            "orders_30d": recent(bought, 30),
            "orders_90d": recent(bought, 90),
            "amount_total": total,
            "amount_30d": recent(amount, 30),
            "amount_90d": recent(amount, 90),
            "amount_mean": total / np.maximum(count, 1),
            "gap_mean": gap_mean,
            "silence_over_gap_mean": silence,
            "frequency": count - 1.0,
            "recency": (last - first).astype(float),
            "T": (now - first).astype(float),
            "monetary_value": total / np.maximum(count, 1),
            "outcome_known": as_of + HORIZON <= plan.data_until,
            "churned": np.where(np.isnan(orders), np.nan, orders == 0),
            "orders_in_horizon": orders,
            "spend_in_horizon": ahead(amount, HORIZON),
            "value_known": as_of + plan.learned_value_days <= plan.data_until,
            "orders_in_value_horizon": ahead(bought, plan.learned_value_days),
            "value": ahead(amount, plan.learned_value_days),
            "days_to_next_purchase": np.where(came, later.argmax(axis=1), np.nan),
            "followup_days": float(max(plan.data_until - as_of, 0)),
        }
    )


@cache
def trained():
    """Everything training makes of the usual customers: made once, not to be changed.

    Tests that use it are of the xdist group "trained": one worker makes it, and not each.
    """
    return train_all(simulate(), timeline(), FEATURES, group_of(FEATURES), model_params())


def groups_with_terms():
    """The reason group of every feature of subscribers."""
    own = {"subscription_plan": "tenure", "subscription_tenure_days": "tenure"}
    return group_of(FEATURES) | own | {"attribute_region": "attributes"}


@cache
def trained_on_subscribers():
    """Everything training makes of subscribers: made once, not to be changed."""
    rows, plan = simulate(churn="cancellation"), timeline(churn="cancellation")
    return train_all(rows, plan, [*FEATURES, *TERMS], groups_with_terms(), model_params())
