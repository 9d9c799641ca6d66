"""Histories of categories with a planted rhythm, and the snapshot rows that go with them."""

import numpy as np
import pandas as pd

from features.history.category_history import DAYS, Categories

NAMES = tuple(f"kind {number:02d}" for number in range(12))
DATES = pd.date_range("2024-03-01", periods=6, freq="14D").as_unit("us")
HORIZON = 28
FEATURES = ["orders_30d", "orders_90d", "categories_30d", "categories_90d", "tenure_days"]


def shop(customers=300, seed=1, names=NAMES):
    """Snapshot rows and categories of a shop whose customers each like a few kinds.

    On a day a customer comes with a chance of 1/6, and then buys each kind with a chance of their
    own; every fifth is gone before the first date's horizon, and buys nothing from then on.
    """
    rng = np.random.default_rng(seed)
    first, days = DATES[0] - pd.Timedelta(days=120), 120 + 14 * len(DATES) + HORIZON
    liking = rng.beta(0.3, 2.0, (customers, len(names)))
    comes = rng.random((customers, days)) < 1 / 6
    gone = rng.random(customers) < 0.2
    comes[gone, 125:] = False
    bought = comes[:, :, None] & (rng.random((customers, days, len(names))) < liking[:, None])
    ids = [f"c{number:04d}" for number in range(customers)]
    frames, history, outcomes = [], [], []
    for date in DATES:
        now = (date - first).days
        frames.append(_rows(ids, date, bought[:, :now], bought[:, now : now + HORIZON]))
        history.append(_history(ids, date, bought[:, :now], names))
        who, what = np.nonzero(bought[:, now : now + HORIZON].any(axis=1))
        outcomes.append(_table(ids, date, who, what, names))
    texts = dict.fromkeys(("customer_id", "category"), "category")
    tables = (pd.concat(part, ignore_index=True).astype(texts) for part in (history, outcomes))
    return pd.concat(frames, ignore_index=True), Categories(*tables)


def split(rows):
    """Rows of the first three dates, of the next one, and of the last."""
    dates = rows["as_of_date"]
    parts = (dates < DATES[3], dates == DATES[3], dates == DATES[-1])
    return tuple(rows[part].reset_index(drop=True) for part in parts)


def only(categories, date):
    """The history at one date."""
    return categories.history[categories.history["as_of_date"] == date]


def _rows(ids, date, past, later):
    came, ahead = past.any(axis=2), later.any(axis=(1, 2))
    rows = pd.DataFrame(
        {
            "customer_id": ids,
            "as_of_date": date,
            "orders_30d": came[:, -30:].sum(axis=1).astype(float),
            "orders_90d": came[:, -90:].sum(axis=1).astype(float),
            "categories_30d": past[:, -30:].any(axis=1).sum(axis=1).astype(float),
            "categories_90d": past[:, -90:].any(axis=1).sum(axis=1).astype(float),
            "tenure_days": (came.shape[1] - came.argmax(axis=1)).astype(float),
            "outcome_known": True,
            "churned": (~ahead).astype(float),
        }
    )
    return rows[came[:, -90:].any(axis=1)]


def _history(ids, date, past, names):
    active = past[:, -90:].any(axis=(1, 2))
    who, what = np.nonzero(past.any(axis=1) & active[:, None])
    own = past[who, :, what]
    table = _table(ids, date, who, what, names)
    length = own.shape[1]
    counts = {
        "bought": own.sum(axis=1),
        "bought_30d": own[:, -30:].sum(axis=1),
        "bought_90d": own[:, -90:].sum(axis=1),
        "first_ago": length - own.argmax(axis=1),
        "last_ago": own[:, ::-1].argmax(axis=1) + 1,
    }
    return table.assign(**{name: counts[name].astype("int32") for name in DAYS})


def _table(ids, date, who, what, names):
    return pd.DataFrame(
        {
            "as_of_date": date,
            "customer_id": np.array(ids, dtype=object)[who],
            "category": np.array(names, dtype=object)[what],
        }
    )
