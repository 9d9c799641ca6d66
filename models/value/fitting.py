"""Fits a value model: trees, levels, and the shares of leavers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.errors import DataGateError
from models.calendar.model import Calendar
from models.leaving import LAPSE
from models.params import ModelParams
from models.simple.btyd_orders import BtydOrders, fit_btyd_orders
from models.trees.inputs import learn_inputs
from models.value.ahead import levels_ahead, rough_level, start_of
from models.value.amounts import Level, at_level_of, learn_parts, without_lone
from models.value.leavers import Horizons, LeaverShare, fit_share, usual_share
from models.value.model import ValueModel
from models.value.targets import FAR, FAR_ORDERS, OVER_VALUE, SPEND, VALUE, targets_of

# With fewer validation rows, a part over the value horizon takes rounds and level from the part
# within the horizon.
ENOUGH_TO_STOP = 200
LATEST = 2  # closed as-of dates that set the level of a refitted model


def fit_value(
    train: pd.DataFrame,
    valid: pd.DataFrame,
    features: Sequence[str],
    horizons: Horizons,
    params: ModelParams,
    churn_risk: FloatArray | None = None,
    calendar: Calendar | None = None,
) -> ValueModel:
    """Fit on `train`; stop the trees and set their level on `valid`.

    `churn_risk` (n,) is that of the rows of `train`, by which leavers' shares are learned; without
    it they are as usual. Money needs the columns `spend_in_horizon`, `value` and `value_known`.
    With too few validation rows whose value windows have closed, the parts over the value horizon
    take rounds and level from those within the horizon. Raises DataGateError when no customer
    stayed, no value window has closed, or values are to be extrapolated and nobody bought on two
    days.
    """
    inputs, targets = learn_inputs(train, features), targets_of(horizons)
    longer, rhythm = horizons.value_days != horizons.outcome_days, _rhythm(train, horizons)
    # Without amounts there is no column of value; the orders over the same days close on the same
    # day.
    reported = VALUE if VALUE.column in valid.columns else FAR_ORDERS
    closed = len(reported.learned_from(valid)) >= ENOUGH_TO_STOP
    near = ["orders", *(["spend"] if SPEND.column in train.columns else [])]
    far = {FAR: "orders"} if longer or horizons.start_from_rhythm else {}
    if longer and "spend" in near:
        far["value"] = "spend"
    aheads = _aheads(horizons, calendar)
    parts = learn_parts(targets, train, dict.fromkeys(near, valid), inputs, params, {}, aheads)
    stops = {name: valid if closed else parts[far[name]] for name in far}
    starts = {FAR: start_of(rhythm, horizons, calendar)}
    parts |= learn_parts(targets, train, stops, inputs, params, starts, aheads)
    model = ValueModel(inputs, horizons, parts, params.threads, rhythm=rhythm, calendar=calendar)
    return _with_shares(model, train, churn_risk)


def refit_value(
    model: ValueModel,
    rows: pd.DataFrame,
    params: ModelParams,
    churn_risk: FloatArray | None = None,
    calendar: Calendar | None = None,
) -> ValueModel:
    """As many trees, fitted on other rows and their texts, at the level of the latest of them.

    `churn_risk` (n,) is that of the rows, as for `fit_value`.
    """
    horizons = model.horizons
    inputs, targets = learn_inputs(rows, model.inputs.features), targets_of(horizons)
    rhythm = _rhythm(rows, horizons)
    starts, aheads = {FAR: start_of(rhythm, horizons, calendar)}, _aheads(horizons, calendar)
    parts = learn_parts(targets, rows, model.parts, inputs, params, starts, aheads)
    for name in (name for name in parts if starts.get(name) is None):
        latest = latest_dates(rows[rows[targets[name].known]])
        parts[name] = at_level_of(parts[name], targets[name], latest, inputs, aheads.get(name))
    fitted = replace(model, inputs=inputs, parts=parts, rhythm=rhythm, calendar=calendar)
    again = replace(fitted, threads=params.threads)
    return _with_shares(again, rows, churn_risk)


def latest_dates(closed: pd.DataFrame) -> pd.DataFrame:
    """The rows of the LATEST as-of dates, whose level a refitted model takes."""
    dates = closed["as_of_date"]
    latest: pd.DataFrame = closed[dates.isin(dates.drop_duplicates().nlargest(LATEST))]
    return latest


def _aheads(horizons: Horizons, calendar: Calendar | None) -> dict[str, Level]:
    """The level of each part, roughly, for training; empty without a calendar."""
    if calendar is None:
        return {}

    def level(name: str) -> Level:
        def of(rows: pd.DataFrame) -> FloatArray:
            levels = levels_ahead(calendar, rows, horizons.outcome_days, horizons.value_days)
            return rough_level(name, rows, levels, horizons)

        return of

    return {name: level(name) for name in targets_of(horizons)}


def _rhythm(rows: pd.DataFrame, horizons: Horizons) -> BtydOrders | None:
    if horizons.churn != LAPSE or horizons.reported_days == horizons.outcome_days:
        return None  # a leaver of these brings nothing, or what needs no rhythm
    try:
        return fit_btyd_orders(rows)
    except DataGateError:
        if horizons.are_extrapolated:
            raise
        return None


def _with_shares(
    model: ValueModel, rows: pd.DataFrame, churn_risk: FloatArray | None
) -> ValueModel:
    """The model with what leavers brought, as shares of what they would have had they stayed."""
    outcome_days, value_days, churn, _ = model.horizons
    names = ["orders", "spend"] if churn != LAPSE else []
    names += OVER_VALUE if value_days > outcome_days else []
    shares = {
        name: _leaver_share(model, name, rows, churn_risk)
        for name in names
        if name in model.parts and not targets_of(model.horizons)[name].everyone
    }
    if churn != LAPSE and value_days == outcome_days:
        over = {FAR: "orders", "value": "spend"}
        shares |= {far: shares[near] for far, near in over.items() if near in shares}
    return replace(model, shares=shares)


def _leaver_share(
    model: ValueModel, name: str, rows: pd.DataFrame, churn_risk: FloatArray | None
) -> LeaverShare:
    """Leavers' share of one amount over the days learned."""
    target = targets_of(model.horizons)[name]
    days = model.horizons.value_days if name in OVER_VALUE else model.horizons.outcome_days
    usual = usual_share(model.horizons, days)
    if churn_risk is None:
        return usual
    rows = rows.assign(churn_risk=churn_risk)
    rows = without_lone(target, rows) if model.parts[name].reach else rows
    left = (rows["churned"] == 1) & rows[target.known] & rows[target.column].notna()
    leavers = rows[left]
    if leavers.empty:
        return usual
    chance = model.chance(leavers, leavers["churn_risk"].to_numpy(np.float64), days)
    stays = model.if_stays(leavers, at_level=False)[name]
    brought = leavers[target.column].to_numpy(np.float64)
    return fit_share(usual, chance, stays, brought)
