"""How much: orders and money to expect, told by the same churn risk as everything else.

For a customer who stays (buys within the horizon) trees give the orders and the spend within the
horizon and the value over the value horizon, which may be longer; a lapsed customer's value is a
share of the value had they stayed. With p = churn_risk:

    expected_orders = (1 - p) × orders if stays        expected_spend = (1 - p) × spend if stays
    expected_value  = (1 - p) × value_if_stays + p × value_if_lapses
    value_at_risk   = p × (value_if_stays - value_if_lapses)

Refunds can make a customer's net negative, and the trees' likelihood knows no negative amounts:
their targets are cut at 0, and the level, fitted on net totals, takes the refunds off again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
import pandas as pd

from models.artifacts import read_json, write_json
from models.boosting import (
    FloatArray,
    Recipe,
    Rows,
    feature_matrix,
    load_booster,
    save_booster,
    train_booster,
)
from models.params import ModelParams
from sources.errors import DataGateError

# Trees with a log link drift with the shop, and Tweedie's totals do not add up by themselves; a
# correction further than this comes from a season or too few rows, and is not believed.
LEVEL_LIMITS = (0.8, 1.25)
# Validation rows below which rounds and level of the spend model stand in for the value model.
ENOUGH_TO_STOP = 200
# Levels are drawn to 1, and the share a lapsed customer still brings to half of what the days
# after the horizon would bring at the full rate, as by this many rows.
PRIOR_ROWS = 50.0
NOT_ZERO = 1e-6  # LightGBM refuses a target that adds up to nothing


class Horizons(NamedTuple):
    """Days: the churn horizon, and the one over which value is counted."""

    outcome_days: int
    value_days: int


@dataclass(frozen=True)
class Target:
    """What a part learns: its column less `least`, the smallest a staying customer can have."""

    column: str
    known: str
    objective: str
    least: float = 0.0
    extra: Mapping[str, float | str] = field(default_factory=dict)

    def of(self, rows: pd.DataFrame) -> FloatArray:
        """The target of each row (n,), net."""
        net: FloatArray = rows[self.column].to_numpy(np.float64) - self.least
        return net

    def stayed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows of customers who stayed and whose target is known."""
        return rows[(rows["churned"] == 0) & rows[self.known]]


TWEEDIE = {"tweedie_variance_power": 1.2}
ORDERS = Target("orders_in_horizon", "outcome_known", "poisson", least=1.0)
SPEND = Target("spend_in_horizon", "outcome_known", "tweedie", extra=TWEEDIE)
VALUE = Target("value", "value_known", "tweedie", extra=TWEEDIE)


@dataclass(frozen=True)
class Part:
    """Trees and the level their prediction is multiplied by."""

    booster: lgb.Booster
    level: float

    @property
    def rounds(self) -> int:
        """Number of trees."""
        return int(self.booster.current_iteration())

    def predict(self, inputs: FloatArray, threads: int) -> FloatArray:
        """Expected amount (n,) above the target's least, given that the customer stays."""
        expected: FloatArray = self.level * self.booster.predict(inputs, num_threads=threads)
        return expected


@dataclass(frozen=True)
class ValueModel:
    """Expected orders, and money where the data has amounts.

    `parts` holds "orders", and with amounts "spend" and, when the two horizons differ, "value".
    `lapse_share` is value_if_lapses / value_if_stays.
    """

    features: tuple[str, ...]
    horizons: Horizons
    parts: dict[str, Part]
    lapse_share: float
    threads: int

    def predict(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
        """Expected orders and money given `churn_risk` (n,), on the snapshot's index.

        Without amounts only `expected_orders`: money that nobody knows is absent, not zero.
        `value_at_risk` is never negative, as `lapse_share` is at most 1.
        """
        inputs = feature_matrix(snapshot, self.features)
        given = {name: part.predict(inputs, self.threads) for name, part in self.parts.items()}
        risk = np.asarray(churn_risk, np.float64)
        columns = {"expected_orders": (1.0 - risk) * (ORDERS.least + given["orders"])}
        if "spend" in given:
            stays = given.get("value", given["spend"])
            lapses = self.lapse_share * stays
            columns |= {
                "expected_spend": (1.0 - risk) * given["spend"],
                "value_if_stays": stays,
                "value_if_lapses": lapses,
                "expected_value": (1.0 - risk) * stays + risk * lapses,
                "value_at_risk": risk * (stays - lapses),
            }
        return pd.DataFrame(columns, index=snapshot.index)

    def save(self, folder: Path) -> None:
        """Write `value.json` and one LightGBM text per part, `value_orders.txt` and so on."""
        for name, part in self.parts.items():
            save_booster(part.booster, folder / f"value_{name}.txt")
        saved = {
            "features": self.features,
            "horizons": self.horizons._asdict(),
            "levels": {name: part.level for name, part in self.parts.items()},
            "lapse_share": self.lapse_share,
            "threads": self.threads,
        }
        write_json(folder / "value.json", saved)

    @classmethod
    def load(cls, folder: Path) -> "ValueModel":
        """Read what `save` wrote; ArtifactError when a file is missing."""
        saved: dict[str, Any] = read_json(folder / "value.json")
        return cls(
            features=tuple(saved["features"]),
            horizons=Horizons(**saved["horizons"]),
            parts={
                name: Part(load_booster(folder / f"value_{name}.txt"), level)
                for name, level in saved["levels"].items()
            },
            lapse_share=saved["lapse_share"],
            threads=saved["threads"],
        )


def fit_value(
    train: pd.DataFrame,
    valid: pd.DataFrame,
    features: Sequence[str],
    horizons: Horizons,
    params: ModelParams,
) -> ValueModel:
    """Fit on `train`; stop the trees and set their level on `valid`.

    Money needs the columns `spend_in_horizon`, `value` and `value_known`. Where the value windows
    of too few validation rows have closed, the value model takes the rounds and the level of the
    spend model. Raises DataGateError when no customer stayed, or no value window has closed.
    """
    parts = {"orders": _learn(ORDERS, train, valid, features, params)}
    if SPEND.column in train.columns:
        parts["spend"] = _learn(SPEND, train, valid, features, params)
        if horizons.value_days != horizons.outcome_days:
            closed = len(VALUE.stayed(valid)) >= ENOUGH_TO_STOP
            stop = valid if closed else parts["spend"]
            parts["value"] = _learn(VALUE, train, stop, features, params)
    share = _lapse_share(parts, train, tuple(features), horizons)
    return ValueModel(tuple(features), horizons, parts, share, params.threads)


def refit_value(model: ValueModel, rows: pd.DataFrame, params: ModelParams) -> ValueModel:
    """The same model fitted on other rows with as many trees and the same levels, for serving."""
    targets = {"orders": ORDERS, "spend": SPEND, "value": VALUE}
    parts = {
        name: _learn(targets[name], rows, part, model.features, params)
        for name, part in model.parts.items()
    }
    share = _lapse_share(parts, rows, model.features, model.horizons)
    return replace(model, parts=parts, lapse_share=share, threads=params.threads)


def _learn(
    target: Target,
    train: pd.DataFrame,
    stop: pd.DataFrame | Part,
    features: Sequence[str],
    params: ModelParams,
) -> Part:
    """Trees for one target; rounds and level from validation rows, or from an earlier part."""
    recipe = Recipe(target.objective, params.value, params.seed, params.threads, target.extra)
    learned = _rows(target, train, features)
    if isinstance(stop, Part):
        return Part(train_booster(recipe, features, learned, stop.rounds), stop.level)
    kept = _rows(target, stop, features)
    booster = train_booster(recipe, features, learned, kept)
    predicted = booster.predict(kept.inputs, num_threads=params.threads)
    prior = PRIOR_ROWS * predicted.mean()
    level = (target.of(target.stayed(stop)).sum() + prior) / (predicted.sum() + prior)
    return Part(booster, float(np.clip(level, *LEVEL_LIMITS)))


def _rows(target: Target, rows: pd.DataFrame, features: Sequence[str]) -> Rows:
    stayed = target.stayed(rows)
    if not len(stayed):
        last = rows["as_of_date"].max()
        raise DataGateError(
            f"Value: of {len(rows):,} rows up to {last:%Y-%m-%d} none is of a customer who bought "
            f"again and whose `{target.column}` is known. Shorten task.horizon_days or "
            "task.value_horizon_days, or take a longer history."
        )
    return Rows(feature_matrix(stayed, features), np.maximum(target.of(stayed), NOT_ZERO))


def _lapse_share(
    parts: Mapping[str, Part], rows: pd.DataFrame, features: Sequence[str], horizons: Horizons
) -> float:
    """Share of the value had they stayed that lapsed customers brought once they came back.

    One number, not trees of their own: lapsed rows are few and mostly zero, and on later dates
    trees on them missed the total by more and the customers by no less. It is 0 by definition of a
    lapse when value is counted no longer than the horizon, and at most 1: nobody is expected to
    bring more by lapsing, so value at risk cannot fall below 0.
    """
    if "value" not in parts or horizons.value_days <= horizons.outcome_days:
        return 0.0
    inputs, values = feature_matrix(rows, features), rows[VALUE.column].to_numpy(np.float64)
    lapsed = ((rows["churned"] == 1) & rows[VALUE.known]).to_numpy()
    brought = values[lapsed].sum()
    # Without the level, which carries training rows to later dates.
    full = replace(parts["value"], level=1.0).predict(inputs, threads=1)
    prior = PRIOR_ROWS * full.mean()
    prior_share = 0.5 * (1.0 - horizons.outcome_days / horizons.value_days)
    share = (brought + prior_share * prior) / (full[lapsed].sum() + prior)
    return float(np.clip(share, 0.0, 1.0))
