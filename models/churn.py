"""Churn: LightGBM over snapshots of many as-of dates, then a calibrated probability.

A few boosters, each with a seed and parts of the rows of its own and some with cuts at random, are
averaged in log odds: one alone says more than it knows, and Shapley values of an average are the
average of them. Tree counts
are chosen by early stopping on the validation dates. The calibration map is fitted on the same
out-of-time dates; whether it is used is decided cross-fitted over customers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit

from features.params import Churn
from models.artifacts import read_json, write_json
from models.boosting import (
    FloatArray,
    Recipe,
    Rows,
    load_booster,
    save_booster,
    side_by_side,
    train_booster,
)
from models.calibration import IDENTITY, BetaMap, cross_fitted, fit_beta_map
from models.inputs import Inputs, learn_inputs
from models.leaving import FEWER_LEAVE, LAPSE, MORE_LEAVE, STAYED, saved
from models.metrics import log_loss
from models.params import ModelParams
from sources.errors import DataGateError, TooLittleError

BOOSTER, META = "booster_{}.txt", "churn.json"


@dataclass(frozen=True)
class ChurnModel:
    """A fitted churn model: boosters, calibration map, and what it reads of a snapshot."""

    boosters: tuple[lgb.Booster, ...]
    calibration: BetaMap
    inputs: Inputs
    rounds: int
    churn: Churn = LAPSE

    @property
    def features(self) -> tuple[str, ...]:
        """The features it reads, in order."""
        return self.inputs.features

    def raw(self, snapshot: pd.DataFrame) -> FloatArray:
        """The boosters' own probability (n,), before calibration."""
        matrix = self.inputs.matrix(snapshot)
        log_odds = _mean([one.predict(matrix, raw_score=True) for one in self.boosters])
        scores: FloatArray = expit(log_odds)
        return scores

    def predict(self, snapshot: pd.DataFrame) -> FloatArray:
        """Churn risk (n,): the calibrated probability of leaving within the horizon."""
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
        matrix = self.inputs.matrix(snapshot)
        return _mean([one.predict(matrix, pred_contrib=True) for one in self.boosters])

    def importance(self) -> pd.DataFrame:
        """Share of the total gain by feature, largest first."""
        gain = _mean([one.feature_importance("gain") for one in self.boosters])
        table = pd.DataFrame(
            {"feature": self.features, "gain_share": gain / max(gain.sum(), 1e-12)}
        )
        return table.sort_values(
            ["gain_share", "feature"], ascending=[False, True], ignore_index=True
        )

    def save(self, folder: Path) -> None:
        """Write the boosters as text and everything else as JSON."""
        for number, booster in enumerate(self.boosters):
            save_booster(booster, folder / BOOSTER.format(number))
        content = {
            **self.inputs.to_dict(),
            "calibration": self.calibration.to_dict(),
            "members": len(self.boosters),
            "rounds": self.rounds,
            **saved(self.churn),
        }
        write_json(folder / META, content)

    @classmethod
    def load(cls, folder: Path) -> "ChurnModel":
        """Read what `save` wrote; ArtifactError when something is missing."""
        content = read_json(folder / META)
        return cls(
            boosters=tuple(
                load_booster(folder / BOOSTER.format(number))
                for number in range(content["members"])
            ),
            calibration=BetaMap(**content["calibration"]),
            inputs=Inputs.from_dict(content),
            rounds=content["rounds"],
            churn=content.get("churn", LAPSE),
        )


def fit_churn(
    train: pd.DataFrame,
    valid: pd.DataFrame,
    features: Sequence[str],
    params: ModelParams,
    churn: Churn = LAPSE,
) -> ChurnModel:
    """Fit on rows with a known outcome; `valid` are later dates, which stop and calibrate.

    Raises DataGateError below `model.gates` or when an outcome never or always happens.
    """
    check_gates(train, "training dates", params, churn=churn)
    check_gates(valid, "validation dates", params, share=0.05, churn=churn)
    inputs = learn_inputs(train, features)
    learned = _rows(train, inputs)
    first = train_booster(_recipe(params, 0), features, learned, _rows(valid, inputs), inputs.text)
    rounds = int(first.current_iteration())
    boosters = (first, *_more(learned, inputs, rounds, params, 1))
    plain = ChurnModel(boosters, IDENTITY, inputs, rounds, churn)
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

    Values of text features are learned anew: a plan sold since the training dates is known here.
    It has seen every date, so its calibration map comes from out-of-time predictions of the
    evaluated model.
    """
    check_gates(rows, "closed dates", params, churn=chosen.churn)
    inputs = learn_inputs(rows, chosen.features)
    boosters = _more(_rows(rows, inputs), inputs, chosen.rounds, params, 0)
    return ChurnModel(boosters, calibration, inputs, chosen.rounds, chosen.churn)


def check_gates(
    rows: pd.DataFrame,
    name: str,
    params: ModelParams,
    share: float = 1.0,
    churn: Churn = LAPSE,
) -> None:
    """Refuse too little data; `share` lowers the gates for rows that only stop or judge a model.

    Raises TooLittleError with what is there, what is needed and what to change, and DataGateError
    for enough customers of whom all stay, or all leave.
    """
    customers, churners = rows["customer_id"].nunique(), int(rows["churned"].sum())
    stayers = len(rows) - churners
    least_customers = math.ceil(params.gates.min_customers * share)
    least = math.ceil(params.gates.min_churners * share)
    distance = {
        "customers": (customers, least_customers),
        "leavers": (churners, least),
        "stayers": (stayers, least),
    }
    if customers < least_customers:  # too few to say that nobody, or everybody, ever leaves
        raise _too_little(name, distance)
    if not churners:
        raise DataGateError(
            f"There are no churners at all: in all {len(rows):,} rows of the {name} the "
            f"customer {STAYED[churn]}. The last release stays as it is. {MORE_LEAVE[churn]} "
            "in params.yaml."
        )
    if not stayers:
        raise DataGateError(
            f"There are only churners: of the {len(rows):,} rows of the {name} there is none "
            f"whose customer {STAYED[churn]}. The last release stays as it is. "
            f"{FEWER_LEAVE[churn]} in params.yaml."
        )
    if churners < least or stayers < least:
        raise _too_little(name, distance)


def _too_little(name: str, distance: dict[str, tuple[int, int]]) -> TooLittleError:
    (customers, least_customers), (left, least), (stayed, _) = distance.values()
    return TooLittleError(
        f"Too little data for a churn model: {customers:,} customers in the {name} "
        f"(needed {least_customers:,}), {left:,} outcomes of leaving and {stayed:,} of "
        f"staying (needed {least:,} of each). Bring a longer history or more customers, change "
        "task.horizon_days, or lower model.gates in params.yaml.",
        distance,
    )


def _more(
    rows: Rows, inputs: Inputs, rounds: int, params: ModelParams, first: int
) -> tuple[lgb.Booster, ...]:
    """The members of the ensemble from number `first` on, each with so many trees."""

    def member(number: int, threads: int) -> lgb.Booster:
        recipe = _recipe(params.model_copy(update={"threads": threads}), number)
        return train_booster(recipe, inputs.features, rows, rounds, inputs.text)

    return tuple(side_by_side(member, range(first, params.churn.members), params.threads))


def _recipe(params: ModelParams, number: int) -> Recipe:
    at_random = number >= params.churn.members - params.churn.random_members
    extra: dict[str, float | str] = {"extra_trees": "true"} if at_random else {}
    return Recipe("binary", params.churn, params.seed + number, params.threads, extra)


def _mean(values: Sequence[FloatArray]) -> FloatArray:
    mean: FloatArray = np.mean(values, axis=0)
    return mean


def _rows(snapshot: pd.DataFrame, inputs: Inputs) -> Rows:
    return Rows(inputs.matrix(snapshot), snapshot["churned"].to_numpy(np.float64))
