"""Churn: LightGBM over snapshots of many as-of dates, then a calibrated probability.

Tree counts are chosen by early stopping on the validation dates. The calibration map is fitted on
the same out-of-time dates; whether it is used is decided cross-fitted over customers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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
from models.calibration import IDENTITY, BetaMap, cross_fitted, fit_beta_map
from models.metrics import log_loss
from models.params import ModelParams
from sources.errors import DataGateError

BOOSTER, META = "booster.txt", "churn.json"


@dataclass(frozen=True)
class ChurnModel:
    """A fitted churn model: booster, calibration map, and the features it reads in order."""

    booster: lgb.Booster
    calibration: BetaMap
    features: tuple[str, ...]
    rounds: int

    def raw(self, snapshot: pd.DataFrame) -> FloatArray:
        """The booster's own probability (n,), before calibration."""
        scores: FloatArray = self.booster.predict(feature_matrix(snapshot, self.features))
        return scores

    def predict(self, snapshot: pd.DataFrame) -> FloatArray:
        """Churn risk (n,): the calibrated probability of no purchase within the horizon."""
        return self.calibration(self.raw(snapshot))

    def at_level_of(self, recent: pd.DataFrame) -> "ChurnModel":
        """The same model, its map shifted to the share of leavers in recent rows it learned from.

        A map brings along the level of the dates it was fitted on, where the model behind it was
        weeks older; a refitted model has less to correct. See docs/decisions/0002.
        """
        outcomes = recent["churned"].to_numpy(np.float64)
        return replace(self, calibration=self.calibration.at_level_of(self.raw(recent), outcomes))

    def contributions(self, snapshot: pd.DataFrame) -> FloatArray:
        """TreeSHAP (n, features + 1), log odds before calibration; the last column is the mean."""
        values = self.booster.predict(feature_matrix(snapshot, self.features), pred_contrib=True)
        return np.asarray(values, dtype=np.float64)

    def importance(self) -> pd.DataFrame:
        """Share of the total gain by feature, largest first."""
        gain = self.booster.feature_importance("gain")
        table = pd.DataFrame(
            {"feature": self.features, "gain_share": gain / max(gain.sum(), 1e-12)}
        )
        return table.sort_values(
            ["gain_share", "feature"], ascending=[False, True], ignore_index=True
        )

    def save(self, folder: Path) -> None:
        """Write the booster as text and everything else as JSON."""
        save_booster(self.booster, folder / BOOSTER)
        content = {
            "features": list(self.features),
            "calibration": self.calibration.to_dict(),
            "rounds": self.rounds,
        }
        write_json(folder / META, content)

    @classmethod
    def load(cls, folder: Path) -> "ChurnModel":
        """Read what `save` wrote; ArtifactError when something is missing."""
        content = read_json(folder / META)
        return cls(
            booster=load_booster(folder / BOOSTER),
            calibration=BetaMap(**content["calibration"]),
            features=tuple(content["features"]),
            rounds=content["rounds"],
        )


def fit_churn(
    train: pd.DataFrame, valid: pd.DataFrame, features: Sequence[str], params: ModelParams
) -> ChurnModel:
    """Fit on rows with a known outcome; `valid` are later dates, which stop and calibrate.

    Raises DataGateError below `model.gates` or when an outcome never or always happens.
    """
    check_gates(train, "training dates", params)
    check_gates(valid, "validation dates", params, share=0.05)
    booster = train_booster(
        _recipe(params), features, _rows(train, features), _rows(valid, features)
    )
    plain = ChurnModel(booster, IDENTITY, tuple(features), booster.current_iteration())
    outcomes = valid["churned"].to_numpy(np.float64)
    calibration = calibration_map(plain.raw(valid), outcomes, valid["customer_id"], params)
    return replace(plain, calibration=calibration)


def calibration_map(
    scores: FloatArray, outcomes: FloatArray, customers: "pd.Series[str]", params: ModelParams
) -> BetaMap:
    """The map for scores (n,) on dates later than those their model was trained on.

    The identity when cross-fitting over customers shows that a map would not lower the log loss.
    """
    held_out = cross_fitted(scores, outcomes, customers, params.calibration_folds)
    one = np.ones_like(outcomes)
    if log_loss(outcomes, held_out, one) >= log_loss(outcomes, scores, one):
        return IDENTITY
    return fit_beta_map(scores, outcomes)


def refit_churn(
    rows: pd.DataFrame, chosen: ChurnModel, calibration: BetaMap, params: ModelParams
) -> ChurnModel:
    """The served model: the chosen number of trees on every closed window.

    It has seen every date, so its calibration map comes from out-of-time predictions of the
    evaluated model.
    """
    check_gates(rows, "closed dates", params)
    booster = train_booster(
        _recipe(params), chosen.features, _rows(rows, chosen.features), chosen.rounds
    )
    return ChurnModel(booster, calibration, chosen.features, chosen.rounds)


def check_gates(rows: pd.DataFrame, name: str, params: ModelParams, share: float = 1.0) -> None:
    """Refuse too little data; `share` lowers the gates for rows that only stop or judge a model.

    Raises DataGateError with what is there, what is needed and what to change.
    """
    customers, churners = rows["customer_id"].nunique(), int(rows["churned"].sum())
    stayers = len(rows) - churners
    least_customers = math.ceil(params.gates.min_customers * share)
    least = math.ceil(params.gates.min_churners * share)
    if len(rows) and not churners:
        raise DataGateError(
            f"There are no churners at all: in all {len(rows):,} rows of the {name} the "
            "customer bought again within the horizon. The last release stays as it is. Shorten "
            "task.horizon_days or lengthen task.active_within_days in params.yaml."
        )
    if len(rows) and not stayers:
        raise DataGateError(
            f"There are only churners: in none of the {len(rows):,} rows of the {name} did "
            "the customer buy again within the horizon. The last release stays as it is. Lengthen "
            "task.horizon_days or shorten task.active_within_days in params.yaml."
        )
    if customers < least_customers or churners < least or stayers < least:
        raise DataGateError(
            f"Too little data for a churn model: {customers:,} customers in the {name} "
            f"(needed {least_customers:,}), {churners:,} outcomes of leaving and {stayers:,} of "
            f"staying (needed {least:,} of each). The last release stays as it is. Bring a longer "
            "history or more customers, change task.horizon_days, or lower model.gates in "
            "params.yaml."
        )


def _recipe(params: ModelParams) -> Recipe:
    return Recipe("binary", params.churn, params.seed, params.threads)


def _rows(snapshot: pd.DataFrame, features: Sequence[str]) -> Rows:
    return Rows(feature_matrix(snapshot, features), snapshot["churned"].to_numpy(np.float64))
