"""Chooses each model of a bundle and fits it again, on the rows that an `Until` gives."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.errors import DataGateError
from features.params import LABEL
from features.planning.rungs import BY_FOLDS, OTHER_CUSTOMERS
from features.planning.timeplan import Timeline
from models.bundle import Bundle, Trees
from models.churn.calibrating import (
    ByValue,
    calibrated_window,
    calibration_map,
    learn_by_value,
)
from models.churn.enough import check_gates, tree_weight
from models.churn.fitting import fit_churn, parametric_churn, refit_churn
from models.churn.model import Ahead, ChurnModel, Parametric
from models.churn.own import OwnClass
from models.churn.parametric import fit_parametric
from models.next_purchase.hazard import NextPurchaseModel, fit_next_purchase, refit_next_purchase
from models.next_purchase.rhythm import RhythmModels, rhythm_models
from models.params import ModelParams
from models.probability.calibration import IDENTITY, fold_of
from models.simple.columns import fit_columns
from models.training.until import Until
from models.value.fitting import fit_value, latest_dates, refit_value
from models.value.leavers import Horizons
from models.value.model import ValueModel
from models.win_back.coming_back import ComingBack, Rhythm, fit_coming_back

Say = Callable[[str], None]
VALID_SHARE = 0.05  # of the data gates: enough rows to stop and to judge
# Of the log odds of a ready table; the regression on its columns has the rest, as trees alone were
# worse than both together wherever the columns act one by one (docs/decisions/0034).
TREES_OF_TABLE = 0.5
# Rows as which a model's own base rate counts beside the latest dates, where trees have half the
# weight.
OWN_LEVEL = 200.0


def weight_of_trees(until: Until, params: ModelParams) -> float:
    """The weight of trees (0 to 1): 0 where too few rows could stop or judge them."""
    weight = tree_weight(until.train, params)
    if until.timeline.churn == LABEL:
        weight = min(weight, TREES_OF_TABLE)
    try:
        check_gates(until.valid, "validation", params, VALID_SHARE, until.timeline.churn)
    except DataGateError:
        return 0.0
    return weight


def out_of_fold(chosen: ChurnModel, until: Until, params: ModelParams) -> FloatArray:
    """Scores (n,) of the teaching rows before calibration, each by a model of other customers."""
    rows = until.teaching
    fold = fold_of(rows["customer_id"], until.folds)
    scores, timeline = np.empty(len(rows)), until.timeline
    day = timeline.data_until if timeline.rung == OTHER_CUSTOMERS else timeline.test[0]
    for number in np.unique(fold):
        others = until.without(int(number))
        seen = others.teaching
        model = _refitted_churn(chosen.uncalibrated(), seen, others, day, params)
        scores[fold == number] = model.raw(rows[fold == number])
    return scores


def choose(
    until: Until,
    features: Sequence[str],
    params: ModelParams,
    say: Say = lambda _: None,
    own: OwnClass | None = None,
) -> Bundle:
    """The models fitted on the training dates, stopped and calibrated on the validation dates.

    `own` is the company's own class of churn models, in place of our trees.
    """
    weight = weight_of_trees(until, params)
    churn = choose_churn(until, features, params, own)
    trees, rhythm = None, None
    if until.timeline.churn == LABEL:  # a ready table holds no purchases
        return Bundle(churn)
    if weight:
        fitted = f"{churn.rounds} trees were enough" if churn.own is None else churn.own.of.where
        say(f"churn: {fitted}; next purchase")
        try:
            when = choose_next_purchase(until, features, params)
            say(f"next purchase: {when.rounds} trees were enough; value")
            trees = Trees(when, choose_value(until, features, params))
        except DataGateError as error:
            say(f"when and how much are left to the rhythm of purchases: {error}")
    if weight < 1 or trees is None:
        part = weight if trees is not None else 0.0
        rhythm = _rhythm_models(until.train, until, _known_at(until), part)
    return Bundle(churn, trees, rhythm)


def choose_churn(
    until: Until, features: Sequence[str], params: ModelParams, own: OwnClass | None = None
) -> ChurnModel:
    """The churn model of `choose`."""
    train, valid, weight = until.train, until.valid, weight_of_trees(until, params)
    ahead = ahead_of(until, _known_at(until))
    if weight == 1:
        model = fit_churn(train, valid, features, params, until.timeline.churn, own, ahead)
        if until.timeline.rung >= BY_FOLDS:
            return _by_folds(model, until, params)
        return replace(model, by_value=_by_value(model, until, params))
    parametric = _parametric(train, features, until, _known_at(until))
    if weight:
        trees = fit_churn(train, valid, features, params, until.timeline.churn, own, ahead)
        model = replace(trees, parametric=parametric, tree_weight=weight).uncalibrated()
    else:
        model = parametric_churn(train, features, parametric).with_calendar(ahead)
    # A map of few outcomes is chance: only the base rate follows the latest dates, and only in
    # part.
    return model


def _by_folds(model: ChurnModel, until: Until, params: ModelParams) -> ChurnModel:
    """The model calibrated on all teaching rows, each scored by a model of other customers."""
    rows = until.teaching
    outcomes = rows["churned"].to_numpy(np.float64)
    calibration = calibration_map(
        out_of_fold(model, until, params), outcomes, rows["customer_id"], params
    )
    return replace(model.mapped_on(rows), calibration=calibration)


def _by_value(model: ChurnModel, until: Until, params: ModelParams) -> ByValue | None:
    """What the map misses by spending on the validation dates and one window of outcomes earlier.

    None where the history is too short for a model of that time.
    """
    closed, late = until.earlier
    try:
        check_gates(late, "earlier dates", params, VALID_SHARE, until.timeline.churn)
        then = refit_churn(closed, model, IDENTITY, params)
    except DataGateError:
        return None
    earlier = calibrated_window(late, then.raw(late), params)
    return learn_by_value(earlier, calibrated_window(until.valid, model.raw(until.valid), params))


def choose_next_purchase(
    until: Until, features: Sequence[str], params: ModelParams
) -> NextPurchaseModel:
    """The model of the next purchase of `choose`."""
    horizon = until.timeline.horizon_days
    calendar = until.calendar(_known_at(until))
    when = fit_next_purchase(until.train, until.valid, features, horizon, params, calendar)
    return replace(when, churn=until.timeline.churn)


def choose_value(until: Until, features: Sequence[str], params: ModelParams) -> ValueModel:
    """The model of orders and money of `choose`."""
    calendar, horizons = until.calendar(_known_at(until)), horizons_of(until.timeline)
    return fit_value(until.train, until.valid, features, horizons, params, calendar=calendar)


def horizons_of(timeline: Timeline) -> Horizons:
    """The horizons of churn and value, in the form that the value model takes."""
    reported_days = timeline.value_horizon_days if timeline.extrapolated_from else None
    return Horizons(
        timeline.horizon_days, timeline.learned_value_days, timeline.churn, reported_days
    )


def refit(chosen: Bundle, until: Until, day: int, params: ModelParams) -> Bundle:
    """The same settings, fitted on all that had closed by a day (days since 1970-01-01)."""
    closed, trees, rhythm = until.closed(day), chosen.trees, None
    if chosen.rhythm is not None:
        rhythm = _rhythm_models(closed, until, day, chosen.rhythm.tree_weight)
    churn = refit_churn_until(chosen.churn, until, day, params)
    if trees is not None:
        calendar, risk = until.calendar(day), churn.predict(closed)
        when = refit_next_purchase(trees.when, until.followed(day), params, calendar)
        trees = Trees(when, refit_value(trees.value, closed, params, risk, calendar))
    return Bundle(churn, trees, rhythm, coming_back(until, day))


def coming_back(until: Until, day: int) -> ComingBack | None:
    """The model of who of the lapsed comes back, as known on a day; None where there is none."""
    orders, plan = until.rhythm(day), until.timeline
    if until.purchases is None or orders is None:
        return None
    rhythm = Rhythm(plan.horizon_days, orders, until.calendar(day))
    return fit_coming_back(until.purchases, plan, day, rhythm)


def refit_churn_until(
    chosen: ChurnModel, until: Until, day: int, params: ModelParams
) -> ChurnModel:
    """The churn model of `refit`, at the base rate of the latest dates that had closed."""
    closed = until.closed(day)
    return at_level(_refitted_churn(chosen, closed, until, day, params), latest_dates(closed))


def ahead_of(until: Until, day: int) -> Ahead | None:
    """The calendar as known on a day, and the days ahead that churn is about."""
    calendar = until.calendar(day)
    return None if calendar is None else (calendar, until.timeline.horizon_days)


def _refitted_churn(
    chosen: ChurnModel, rows: pd.DataFrame, until: Until, day: int, params: ModelParams
) -> ChurnModel:
    parametric = chosen.parametric and _parametric(rows, chosen.features, until, day)
    if chosen.is_parametric and parametric is not None:
        fitted = parametric_churn(rows, chosen.features, parametric)
        fitted = replace(fitted, calibration=chosen.calibration)
    else:
        fitted = refit_churn(rows, chosen, chosen.calibration, params)
        fitted = replace(fitted, parametric=parametric, tree_weight=chosen.tree_weight)
        fitted = replace(fitted, by_value=chosen.by_value)
    fitted = fitted.with_calendar(ahead_of(until, day))
    if chosen.mapped_at is None:
        return fitted
    # By the calendar of this day: what is usual is not the same in every calendar.
    return fitted.mapped_on(until.teaching if until.timeline.rung >= BY_FOLDS else until.valid)


def _parametric(rows: pd.DataFrame, features: Sequence[str], until: Until, day: int) -> Parametric:
    timeline = until.timeline
    if timeline.churn == LABEL:
        return fit_columns(rows, features)
    now = None if timeline.is_seasonal else until.latest(day)
    return fit_parametric(rows, now, until.rhythm(day), timeline.horizon_days, timeline.churn)


def _rhythm_models(rows: pd.DataFrame, until: Until, day: int, weight: float) -> RhythmModels:
    orders = until.rhythm(day)
    if orders is None:
        raise DataGateError(
            "No customer bought on two different days, so there is no rhythm to learn when the "
            "next purchase comes. Take a longer history."
        )
    calendar = until.calendar(day)
    return rhythm_models(rows, orders, horizons_of(until.timeline), weight, calendar)


def lacks_rhythm(until: Until, params: ModelParams) -> bool:
    """Whether the rhythm of purchases is needed but cannot be learned."""
    if until.timeline.churn == LABEL or weight_of_trees(until, params) == 1:
        return False
    judged = [until]
    if until.timeline.rung == OTHER_CUSTOMERS:
        judged = [until.without(fold) for fold in range(until.folds)]
    return any(part.rhythm(_known_at(part)) is None for part in judged)


def _known_at(until: Until) -> int:
    """The day on which the outcomes of the training dates were known."""
    timeline = until.timeline
    if timeline.rung == OTHER_CUSTOMERS:
        return timeline.data_until
    return (*timeline.validation, *timeline.test)[0]


def at_level(churn: ChurnModel, recent: pd.DataFrame) -> ChurnModel:
    """The model shifted to the base rate of recent rows, the further the more weight trees have.

    The base rate of the rhythm follows from its own history, and is never moved.
    """
    if churn.tree_weight == 0:
        return churn
    own = OWN_LEVEL * (1.0 - churn.tree_weight) / churn.tree_weight
    return churn.at_level_of(recent, own)
