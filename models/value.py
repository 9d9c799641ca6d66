"""How much: orders and money to expect, told by the same churn risk as everything else.

For a customer who stays trees give the orders and the spend within the horizon and the value over
the value horizon, which may be longer; a leaver's are a share of theirs had they stayed. With
p = churn_risk:

    expected_orders = (1 - p) × orders if stays + p × orders if leaves, and so expected_spend
    expected_value  = (1 - p) × value_if_stays + p × value_if_lapses
    value_at_risk   = p × (value_if_stays - value_if_lapses)

Whoever lapses buys nothing within the horizon, by definition, and whoever stays at least once.
Neither holds for a cancellation: until the subscription ends it is paid for.

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

from features.params import Churn
from models.artifacts import read_json, write_json
from models.boosting import (
    FloatArray,
    Recipe,
    Rows,
    load_booster,
    save_booster,
    train_booster,
)
from models.inputs import Inputs, learn_inputs
from models.leaving import LAPSE, saved
from models.params import ModelParams
from sources.errors import DataGateError

# Trees with a log link drift with the shop, and Tweedie's totals do not add up by themselves; a
# correction further than this comes from a season or too few rows, and is not believed.
LEVEL_LIMITS = (0.8, 1.25)
# Validation rows below which rounds and level of the spend model stand in for the value model.
ENOUGH_TO_STOP = 200
# Levels are drawn to 1, and the share a leaver still brings to `_usual_share`, as by so many rows.
PRIOR_ROWS = 50.0
NOT_ZERO = 1e-6  # LightGBM refuses a target that adds up to nothing


class Horizons(NamedTuple):
    """Days: the churn horizon, and the one over which value is counted; and what churn means."""

    outcome_days: int
    value_days: int
    churn: Churn = LAPSE


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
# A subscription can run through a horizon without a payment in it.
ANY_ORDERS = replace(ORDERS, least=0.0)
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
    `lapse_share` is value_if_lapses / value_if_stays, and `leaver_shares` the same for orders and
    spend within the horizon, where 0 is left out.
    """

    inputs: Inputs
    horizons: Horizons
    parts: dict[str, Part]
    lapse_share: float
    threads: int
    leaver_shares: Mapping[str, float] = field(default_factory=dict)

    def predict(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
        """Expected orders and money given `churn_risk` (n,), on the snapshot's index.

        Without amounts only `expected_orders`: money that nobody knows is absent, not zero.
        `value_at_risk` is never negative, as `lapse_share` is at most 1.
        """
        inputs = self.inputs.matrix(snapshot)
        given = {name: part.predict(inputs, self.threads) for name, part in self.parts.items()}
        risk = np.asarray(churn_risk, np.float64)
        orders = _targets(self.horizons.churn)["orders"].least + given["orders"]
        columns = {"expected_orders": self._within_horizon("orders", orders, risk)}
        if "spend" in given:
            stays = given.get("value", given["spend"])
            lapses = self.lapse_share * stays
            columns |= {
                "expected_spend": self._within_horizon("spend", given["spend"], risk),
                "value_if_stays": stays,
                "value_if_lapses": lapses,
                "expected_value": (1.0 - risk) * stays + risk * lapses,
                "value_at_risk": risk * (stays - lapses),
            }
        return pd.DataFrame(columns, index=snapshot.index)

    def _within_horizon(self, name: str, stays: FloatArray, risk: FloatArray) -> FloatArray:
        share = self.leaver_shares.get(name, 0.0)
        return (1.0 - risk) * stays + risk * share * stays if share else (1.0 - risk) * stays

    def save(self, folder: Path) -> None:
        """Write `value.json` and one LightGBM text per part, `value_orders.txt` and so on."""
        for name, part in self.parts.items():
            save_booster(part.booster, folder / f"value_{name}.txt")
        days = {"outcome_days": self.horizons.outcome_days, "value_days": self.horizons.value_days}
        content = {
            **self.inputs.to_dict(),
            "horizons": {**days, **saved(self.horizons.churn)},
            "levels": {name: part.level for name, part in self.parts.items()},
            "lapse_share": self.lapse_share,
            "threads": self.threads,
            **({"leaver_shares": self.leaver_shares} if self.leaver_shares else {}),
        }
        write_json(folder / "value.json", content)

    @classmethod
    def load(cls, folder: Path) -> "ValueModel":
        """Read what `save` wrote; ArtifactError when a file is missing."""
        content: dict[str, Any] = read_json(folder / "value.json")
        return cls(
            inputs=Inputs.from_dict(content),
            horizons=Horizons(**content["horizons"]),
            parts={
                name: Part(load_booster(folder / f"value_{name}.txt"), level)
                for name, level in content["levels"].items()
            },
            lapse_share=content["lapse_share"],
            threads=content["threads"],
            leaver_shares=content.get("leaver_shares", {}),
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
    inputs, targets = learn_inputs(train, features), _targets(horizons.churn)
    parts = {"orders": _learn(targets["orders"], train, valid, inputs, params)}
    if SPEND.column in train.columns:
        parts["spend"] = _learn(SPEND, train, valid, inputs, params)
        if horizons.value_days != horizons.outcome_days:
            closed = len(VALUE.stayed(valid)) >= ENOUGH_TO_STOP
            stop = valid if closed else parts["spend"]
            parts["value"] = _learn(VALUE, train, stop, inputs, params)
    model = ValueModel(inputs, horizons, parts, 0.0, params.threads)
    return _with_shares(model, train)


def refit_value(model: ValueModel, rows: pd.DataFrame, params: ModelParams) -> ValueModel:
    """The same model fitted on other rows with as many trees and the same levels, for serving.

    Values of text features are learned anew.
    """
    inputs, targets = learn_inputs(rows, model.inputs.features), _targets(model.horizons.churn)
    parts = {
        name: _learn(targets[name], rows, part, inputs, params)
        for name, part in model.parts.items()
    }
    return _with_shares(replace(model, inputs=inputs, parts=parts, threads=params.threads), rows)


def _targets(churn: Churn) -> dict[str, Target]:
    return {"orders": ORDERS if churn == LAPSE else ANY_ORDERS, "spend": SPEND, "value": VALUE}


def _learn(
    target: Target,
    train: pd.DataFrame,
    stop: pd.DataFrame | Part,
    inputs: Inputs,
    params: ModelParams,
) -> Part:
    """Trees for one target; rounds and level from validation rows, or from an earlier part."""
    recipe = Recipe(target.objective, params.value, params.seed, params.threads, target.extra)
    learned, features, text = _rows(target, train, inputs), inputs.features, inputs.text
    if isinstance(stop, Part):
        return Part(train_booster(recipe, features, learned, stop.rounds, text), stop.level)
    kept = _rows(target, stop, inputs)
    booster = train_booster(recipe, features, learned, kept, text)
    predicted = booster.predict(kept.inputs, num_threads=params.threads)
    prior = PRIOR_ROWS * predicted.mean()
    level = (target.of(target.stayed(stop)).sum() + prior) / (predicted.sum() + prior)
    return Part(booster, float(np.clip(level, *LEVEL_LIMITS)))


def _rows(target: Target, rows: pd.DataFrame, inputs: Inputs) -> Rows:
    stayed = target.stayed(rows)
    if not len(stayed):
        last = rows["as_of_date"].max()
        raise DataGateError(
            f"Value: of {len(rows):,} rows up to {last:%Y-%m-%d} none is of a customer who stayed "
            f"and whose `{target.column}` is known. Shorten task.horizon_days or "
            "task.value_horizon_days, or take a longer history."
        )
    return Rows(inputs.matrix(stayed), np.maximum(target.of(stayed), NOT_ZERO))


def _with_shares(model: ValueModel, rows: pd.DataFrame) -> ValueModel:
    """The model with what leavers brought, as shares of what they would have had they stayed.

    One number for each amount, not trees of their own: rows of leavers are few and mostly zero, and
    on later dates trees on them missed the total by more and the customers by no less. Whoever
    lapses brings nothing within the horizon, by definition.
    """
    outcome_days, value_days, churn = model.horizons
    within = () if churn == LAPSE else ("orders", "spend")
    shares: dict[str, float] = {
        name: _leaver_share(model, name, rows) for name in within if name in model.parts
    }
    if "value" in model.parts and value_days > outcome_days:
        value_share = _leaver_share(model, "value", rows)
    else:
        value_share = shares.get("spend", 0.0)
    return replace(model, lapse_share=value_share, leaver_shares=shares)


def _leaver_share(model: ValueModel, name: str, rows: pd.DataFrame) -> float:
    """Share of one amount that leavers brought, at most 1: nobody is worth more by leaving."""
    target = _targets(model.horizons.churn)[name]
    inputs, amounts = model.inputs.matrix(rows), target.of(rows)
    left = ((rows["churned"] == 1) & rows[target.known]).to_numpy()
    brought = amounts[left].sum()
    # Without the level, which carries training rows to later dates.
    full = replace(model.parts[name], level=1.0).predict(inputs, threads=1)
    prior = PRIOR_ROWS * full.mean()
    share = (brought + _usual_share(model.horizons, name) * prior) / (full[left].sum() + prior)
    return float(np.clip(share, 0.0, 1.0))


def _usual_share(horizons: Horizons, name: str) -> float:
    """What is assumed of leavers before any is seen.

    Of the lapsed: half the full rate in the days after the horizon. Of those who cancel: the full
    rate up to an end that lies, on average, half-way through the horizon, and nothing later.
    """
    days = horizons.value_days if name == "value" else horizons.outcome_days
    if horizons.churn == LAPSE:
        return 0.5 * (1.0 - horizons.outcome_days / days)
    return 0.5 * horizons.outcome_days / days
