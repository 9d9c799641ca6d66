"""What is to be expected of a customer, learned from other customers: leaving, and money.

The stage learns it anew, in folds of customers: a churn model that was trained on what came after
a contact would know its outcome. A customer is always predicted by models that have not seen them.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit, logit

from actions.effects.nuisance import SETTINGS
from core.arrays import FloatArray, IntArray
from features.snapshot import model_features

FOLDS = 5
ROUNDS = 120
MOST_ROWS = 60_000  # snapshots that are learned from: more take longer and add little
MOST_INPUTS = 60
FEWEST_BOTH = 50  # customers of whom both risks are known, or foreseen ones stay as they are
LEAST = 1e-4  # risks are no nearer to 0 and 1
# What may make customers respond differently: one of each side of what is known of them.
TRAITS = (
    "discounted_orders_share_total",
    "open_rate_total",
    "nps_mean",
    "csat_mean",
    "orders_rate",
    "silence_over_gap_mean",
    "visits_30d",
    "contacts_90d",
    "contact_response_rate",
    "complaints_365d",
    "amount_mean",
    "tenure_days",
    "subscription_tenure_days",
    "subscription_amount",
)


def folds_of(customers: Sequence[str]) -> IntArray:
    """The fold (n,) of each customer: by their id alone, so always the same."""
    return np.array([zlib.crc32(one.encode()) % FOLDS for one in customers], np.int64)


@dataclass(frozen=True)
class Foreseen:
    """Models of one outcome, one for each fold of customers left out.

    None where nothing that is known of customers differs, or all are in one fold: then `mean` is
    expected of everybody.
    """

    columns: tuple[str, ...]
    models: tuple[lgb.Booster, ...]
    mean: float

    @classmethod
    def learn(
        cls, rows: pd.DataFrame, target: FloatArray, seed: int, threads: int, is_rate: bool
    ) -> "Foreseen":
        """Learn `target` (n,), which is 0 or 1 where `is_rate`, from snapshots (n rows)."""
        columns = tuple(_inputs(rows))
        chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:MOST_ROWS])
        rows, target = rows.iloc[chosen], target[chosen]
        fold = folds_of(rows["customer_id"].tolist())
        inputs = rows[list(columns)].to_numpy(np.float64)
        if not is_rate:  # a few enormous baskets must not be what is learned
            target = np.minimum(target, np.quantile(target, 0.995))
        settings = {
            **SETTINGS,
            "objective": "binary" if is_rate else "regression",
            "seed": seed,
            "num_threads": threads,
            "feature_fraction": 0.5,
        }
        models = []
        can_learn = len(columns) > 0 and len(np.unique(fold)) > 1
        for one in range(FOLDS if can_learn else 0):
            data = lgb.Dataset(inputs[fold != one], target[fold != one], params=dict(settings))
            models.append(lgb.train(settings, data, num_boost_round=ROUNDS))
        return cls(columns, tuple(models), float(target.mean()))

    def of(self, rows: pd.DataFrame) -> FloatArray:
        """What is expected (n,) of snapshots, by models that have not seen the customer."""
        inputs = rows.reindex(columns=list(self.columns)).to_numpy(np.float64)
        fold = folds_of(rows["customer_id"].tolist())
        found = np.full(len(rows), self.mean)
        for one, model in enumerate(self.models):
            if (fold == one).any():
                found[fold == one] = model.predict(inputs[fold == one])
        return found


@dataclass(frozen=True)
class CardScale:
    """Brings foreseen risks to the scale of the churn risk on today's cards: a line of log odds.

    Cards tell today's risk best: their model is calibrated and has learned from more. But it may
    have seen what followed a contact, so risks before contacts are foreseen in folds, and brought
    to the cards' scale by what both say of the same customers today.
    """

    intercept: float = 0.0
    slope: float = 1.0

    @classmethod
    def of(cls, foreseen: FloatArray, on_cards: FloatArray) -> "CardScale":
        """The scale by today's customers (n,), NaN where a card tells no risk.

        As it is where fewer than FEWEST_BOTH have both, or the two do not rise together.
        """
        both = np.isfinite(foreseen) & np.isfinite(on_cards)
        x, y = _log_odds(foreseen[both]), _log_odds(on_cards[both])
        if len(x) < FEWEST_BOTH or x.std() == 0:
            return cls()
        slope = float(((x - x.mean()) * (y - y.mean())).mean() / x.var())
        return cls(float(y.mean() - slope * x.mean()), slope) if slope > 0 else cls()

    def at(self, foreseen: FloatArray) -> FloatArray:
        """Foreseen risks (n,) on the scale of the cards."""
        return np.asarray(expit(self.intercept + self.slope * _log_odds(foreseen)), np.float64)


def _log_odds(risk: FloatArray) -> FloatArray:
    return np.asarray(logit(np.clip(risk, LEAST, 1 - LEAST)), np.float64)


def _inputs(rows: pd.DataFrame) -> list[str]:
    """The numeric features that vary, at most MOST_INPUTS, those known of most customers first."""
    names = [n for n in model_features(rows) if pd.api.types.is_numeric_dtype(rows[n])]
    varied = [name for name in names if rows[name].nunique(dropna=True) > 1]
    known = rows[varied].notna().mean()
    return sorted(varied, key=lambda name: (-known[name], names.index(name)))[:MOST_INPUTS]
