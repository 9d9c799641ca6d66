"""Fits a churn model: boosters, chosen and calibrated on later dates, and the same for serving."""

from collections.abc import Sequence
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pandas as pd

from core.arrays import FloatArray
from features.params import LABEL, Churn
from models.churn.calibrating import calibration_map
from models.churn.enough import check_gates
from models.churn.model import Ahead, ChurnModel, Parametric
from models.churn.own import OwnClass
from models.leaving import LAPSE
from models.params import ModelParams
from models.probability.calibration import IDENTITY, BetaMap
from models.simple.columns import fit_logs
from models.trees.boosting import Recipe, Rows, side_by_side, train_booster
from models.trees.inputs import Inputs, learn_inputs


def parametric_churn(
    rows: pd.DataFrame, features: Sequence[str], parametric: Parametric
) -> ChurnModel:
    """The parametric model alone; `rows` give the values of text features, which drift needs."""
    inputs = learn_inputs(rows, features)
    return ChurnModel((), IDENTITY, inputs, 0, parametric.churn, parametric, 0.0)


def fit_churn(
    train: pd.DataFrame,
    valid: pd.DataFrame,
    features: Sequence[str],
    params: ModelParams,
    churn: Churn = LAPSE,
    own: OwnClass | None = None,
    ahead: Ahead | None = None,
) -> ChurnModel:
    """Fit on rows with a known outcome; `valid` are later dates, for stopping and calibration.

    With `own` that class is fitted instead of boosters. `ahead` is the calendar, with the horizon.

    Raises DataGateError below `model.gates`, or when all rows have the same outcome.
    """
    check_gates(train, "training dates", params, churn=churn)
    check_gates(valid, "validation dates", params, share=0.05, churn=churn)
    inputs = learn_inputs(train, features)
    if own is not None:
        fitted = own.fit(inputs.frame(train), _outcomes(train), params.seed)
        plain = ChurnModel((), IDENTITY, inputs, 0, churn, own=fitted)
    else:
        learned, judged = _rows(train, inputs), _rows(valid, inputs)
        first = train_booster(_recipe(params, 0), features, learned, judged, inputs.text)
        rounds = int(first.current_iteration())
        boosters = (first, *_more(learned, inputs, rounds, params, 1))
        plain = _with_linear(ChurnModel(boosters, IDENTITY, inputs, rounds, churn), train, params)
    plain = plain.with_calendar(ahead)
    calibration = calibration_map(plain.raw(valid), _outcomes(valid), valid["customer_id"], params)
    return replace(plain.mapped_on(valid), calibration=calibration)


def refit_churn(
    rows: pd.DataFrame, chosen: ChurnModel, calibration: BetaMap, params: ModelParams
) -> ChurnModel:
    """The served model: the chosen number of trees, fitted on all closed windows.

    The values of text features are learned again, so that a plan first sold after the training
    dates is known. The model has seen every date, so its calibration map comes from out-of-time
    predictions of the evaluated model.
    """
    check_gates(rows, "closed dates", params, churn=chosen.churn)
    inputs = learn_inputs(rows, chosen.features)
    if chosen.own is not None:
        fitted = chosen.own.of.fit(inputs.frame(rows), _outcomes(rows), params.seed)
        return ChurnModel((), calibration, inputs, 0, chosen.churn, own=fitted)
    boosters = _more(_rows(rows, inputs), inputs, chosen.rounds, params, 0)
    refitted = ChurnModel(boosters, calibration, inputs, chosen.rounds, chosen.churn)
    return _with_linear(refitted, rows, params)


def _with_linear(model: ChurnModel, rows: pd.DataFrame, params: ModelParams) -> ChurnModel:
    """The boosters with the regression on logarithms beside them, fitted on the same rows."""
    weight = params.churn.linear_weight
    if not weight or model.churn == LABEL:
        return model
    return replace(model, linear=fit_logs(rows, model.inputs), linear_weight=weight)


def _more(
    rows: Rows, inputs: Inputs, rounds: int, params: ModelParams, first: int
) -> tuple[lgb.Booster, ...]:
    """The members of the ensemble from number `first` on, each with `rounds` trees."""

    def member(number: int, threads: int) -> lgb.Booster:
        recipe = _recipe(params.model_copy(update={"threads": threads}), number)
        return train_booster(recipe, inputs.features, rows, rounds, inputs.text)

    return tuple(side_by_side(member, range(first, params.churn.members), params.threads))


def _recipe(params: ModelParams, number: int) -> Recipe:
    at_random = number >= params.churn.members - params.churn.random_members
    extra: dict[str, float | str] = {"extra_trees": "true"} if at_random else {}
    return Recipe("binary", params.churn, params.seed + number, params.threads, extra)


def _rows(snapshot: pd.DataFrame, inputs: Inputs) -> Rows:
    return Rows(inputs.matrix(snapshot), _outcomes(snapshot))


def _outcomes(snapshot: pd.DataFrame) -> FloatArray:
    return snapshot["churned"].to_numpy(np.float64)
