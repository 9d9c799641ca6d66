"""A small search for the settings of the churn model, inside the training dates.

Rolling origin (Tashman 2000, International Journal of Forecasting 16): each fold belongs to one of
the last training dates; it learns from the dates whose outcomes had closed by then, and the
customers of its own date judge it. Validation and test dates are never looked at. Settings are
proposed by Optuna's tree-structured Parzen estimator (Bergstra et al. 2011) from `model.seed`, one
after the other, so the same rows give the same settings. Those of params.yaml are tried first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from core.arrays import FloatArray
from core.digits import CONVEX, to_digits
from features.timeline import is_closed
from models.params import EnsembleParams, ModelParams
from models.probability.metrics import log_loss
from models.trees.boosting import Recipe, Rows, train_booster
from models.trees.inputs import Inputs, learn_inputs

if TYPE_CHECKING:
    import optuna

FOLDS = 3
LEAST_DATES = 2  # as-of dates that a fold needs to learn from

Say = Callable[[str], None]
Part = Callable[[int, tuple[int, ...]], pd.DataFrame]


class Fold(NamedTuple):
    """The rows that a fold learns from, and the rows that judge it."""

    learned: Rows
    judged: Rows
    inputs: Inputs


@dataclass(frozen=True)
class Search:
    """The result: the settings, and every trial with its mean log loss over the folds."""

    settings: EnsembleParams
    trials: tuple[dict[str, float], ...] = ()

    def applied(self, params: ModelParams) -> ModelParams:
        """The same parameters with the settings that were found."""
        return params.model_copy(update={"churn": self.settings})

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data, for JSON."""
        return {"settings": self.settings.model_dump(), "trials": list(self.trials)}


def search(
    rows_at: Part,
    train: tuple[int, ...],
    horizon_days: int,
    known_at: int,
    features: Sequence[str],
    params: ModelParams,
    say: Say = lambda _: None,
) -> Search:
    """Try `model.search_trials` settings; with none to be tried, those of params.yaml are taken.

    `rows_at(day, dates)` are snapshot rows of some as-of dates as known on a day (days since
    1970-01-01), `train` the training dates, whose outcomes are all known at `known_at`. Where the
    training dates are too few for a fold, nothing is tried, and a line of progress says so.
    """
    if not params.search_trials:
        return Search(params.churn)
    folds = [
        _fold(rows_at(origin, past), rows_at(known_at, (origin,)), features)
        for origin, past in origins(train, horizon_days)
    ]
    folds = [fold for fold in folds if all(0 < part.target.mean() < 1 for part in fold[:2])]
    if not folds:
        say("search: too few training dates, the settings of params.yaml stay")
        return Search(params.churn)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=params.seed))
    study.enqueue_trial({name: getattr(params.churn, name) for name in SPACE})
    study.optimize(
        lambda trial: _mean_loss(folds, _settings(trial, params.churn), params),
        n_trials=params.search_trials,
        callbacks=[lambda study, trial: say(_trial_line(study, trial))],
    )
    trials = tuple({**t.params, "log_loss": float(t.value or np.nan)} for t in study.trials)
    return Search(params.churn.model_copy(update=study.best_params), trials)


def origins(train: tuple[int, ...], horizon_days: int) -> list[tuple[int, tuple[int, ...]]]:
    """The folds: the last training dates a horizon apart, with the dates closed by then.

    Latest first, at most FOLDS.
    """
    found: list[tuple[int, tuple[int, ...]]] = []
    for origin in sorted(train, reverse=True):
        past = tuple(day for day in train if is_closed(day, horizon_days, origin))
        apart = not found or found[-1][0] - origin >= horizon_days
        if apart and len(past) >= LEAST_DATES and len(found) < FOLDS:
            found.append((origin, past))
    return found


# For each setting the lowest and highest value, and whether it is drawn on a log scale. A value of
# params.yaml outside the range widens it.
SPACE: dict[str, tuple[float, float, bool]] = {
    "num_leaves": (4, 32, True),
    "min_data_in_leaf": (40, 800, True),
    "feature_fraction": (0.1, 0.8, False),
    "lambda_l2": (0.5, 100.0, False),
    "bagging_fraction": (0.3, 1.0, False),
}


def _settings(trial: "optuna.Trial", usual: EnsembleParams) -> EnsembleParams:
    asked: dict[str, float] = {}
    for name, (low, high, in_log) in SPACE.items():
        value = getattr(usual, name)
        low, high = min(low, value), max(high, value)
        if isinstance(value, int):
            asked[name] = trial.suggest_int(name, int(low), int(high), log=in_log)
        else:
            asked[name] = trial.suggest_float(name, low, high, log=in_log)
    return usual.model_copy(update=asked)


def _fold(learned: pd.DataFrame, judged: pd.DataFrame, features: Sequence[str]) -> Fold:
    learned = learned[learned["outcome_known"]]
    inputs = learn_inputs(learned, features)
    parts = [
        Rows(inputs.matrix(part), part["churned"].to_numpy(np.float64))
        for part in (learned, judged)
    ]
    return Fold(parts[0], parts[1], inputs)


def _mean_loss(folds: Sequence[Fold], settings: EnsembleParams, params: ModelParams) -> float:
    """Log loss of one booster, averaged over the rows of all folds; each stops at its own best."""
    losses, rows = [], []
    for fold in folds:
        recipe = Recipe("binary", settings, params.seed, params.threads)
        inputs = fold.inputs
        booster = train_booster(recipe, inputs.features, fold.learned, fold.judged, inputs.text)
        score = booster.predict(fold.judged.inputs, raw_score=True, num_threads=params.threads)
        probabilities: FloatArray = expit(score)
        losses.append(log_loss(fold.judged.target, probabilities, np.ones_like(probabilities)))
        rows.append(len(probabilities))
    return to_digits(float(np.average(losses, weights=rows)), CONVEX)


def _trial_line(study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> str:
    return (
        f"search: trial {trial.number + 1}, log loss {trial.value:.5f}, best {study.best_value:.5f}"
    )
