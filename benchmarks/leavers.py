"""What those who lapse bring after the horizon: told by several methods, and seen.

    python -m benchmarks.leavers --dates development

Here values reach beyond the horizon, within which nobody who lapses buys. At each date the churn
model and the value model have learned from what had closed by then; the methods tell the share of
`value_if_stays` that a leaver brings. They are judged on the leavers of the date, all dates of a
data set together: deviance (Tweedie, lower is better), its difference to ours with the paired 95 %
interval, and brought over told by churn risk. Below stand both values of the cards, the expected
value of everybody, and the orders over the value horizon.
"""

import argparse
import datetime as dt
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.cases import FOLDER, Case, cases, tables_of
from benchmarks.measuring import ROOT, NotPossibleError
from features.building import build_snapshots
from features.engines.duckdb import DuckEngine
from features.planning.profile import Profile, profile
from features.planning.rungs import BY_FOLDS
from features.planning.timeplan import Timeline
from features.reading import read_snapshots
from features.snapshot import model_features, supported
from features.timeline import day_of
from models.params import ModelParams
from models.probability.metrics import customer_weights, interval_95
from models.training.fitting import choose_churn, choose_value, refit_churn_until
from models.training.until import Until
from models.value.fitting import refit_value
from models.value.leavers import LeaverShare, fit_share, usual_share
from models.value.model import ValueModel
from pipelines.params import load_params

FloatArray = npt.NDArray[np.float64]
BANDS = (0.0, 0.2, 0.5, 0.8, 1.01)
POWER = 1.2  # of the Tweedie deviance, as the trees are trained
FEWEST_DATES = 8  # to learn values from: with fewer they lie a week apart
DRAWS = 500


@dataclass(frozen=True)
class Asked:
    """A data set with a value horizon, and the dates of development or of the test."""

    case: Case
    value_days: int


def _asked(name: str, horizon: int, active: int, value: int, dates: tuple[str, ...]) -> Asked:
    if name in cases():
        return Asked(
            replace(cases()[name], horizon_days=horizon, active_within_days=active, dates=dates),
            value,
        )
    shop = {
        "world": "shop",
        "customers": 4000,
        "days": 730,
        "seed": int(name.rsplit("_", maxsplit=1)[-1]),
    }
    case = Case(name, horizon, active, dates, {"kind": "simulator", "simulator": shop})
    return Asked(case, value)


def asked(which: str) -> list[Asked]:
    """The data sets: value windows of `development` close before the first date of `test`.

    The simulated shops are two companies.
    """
    if which == "development":
        return [
            _asked("complete_journey", 28, 60, 60, ("2017-06-12", "2017-07-03")),
            _asked("cdnow", 60, 90, 120, ("1997-09-15", "1997-10-15")),
            _asked("online_retail", 30, 60, 60, ("2011-06-10", "2011-07-01")),
            _asked("shop_11", 28, 90, 180, ("2024-02-01", "2024-04-01")),
        ]
    return [
        _asked("complete_journey", 28, 90, 90, ("2017-09-11", "2017-10-02")),
        _asked("cdnow", 60, 180, 120, ("1998-02-15", "1998-03-01")),
        _asked("online_retail", 30, 90, 90, ("2011-08-30", "2011-09-09")),
        _asked("shop_12", 28, 90, 180, ("2024-02-01", "2024-04-01")),
    ]


class Run(NamedTuple):
    """One date: the models, and the rows learned from and judged, each with `churn_risk`."""

    model: ValueModel
    learned: pd.DataFrame
    test: pd.DataFrame


def run_at(one: Asked, date: str, params: ModelParams) -> Run:
    """Learn from what had closed by a date."""
    engine = DuckEngine(tables_of(one.case))
    plan = _plan(one, date, profile(engine))
    features, _ = supported(engine.schemas, plan.history_days)
    folder, day = FOLDER / "leavers" / one.case.name / date, plan.test[0]
    shutil.rmtree(folder, ignore_errors=True)
    build_snapshots(engine, plan, features, folder)
    snapshots = read_snapshots(folder)
    until, names = Until(snapshots, plan), model_features(snapshots)
    churn = refit_churn_until(choose_churn(until, names, params), until, day, params)
    # Values of the training dates close too late for validation dates: chosen by folds.
    days = tuple(sorted({*plan.train, *plan.validation, *plan.unused}))
    folds = replace(plan, rung=BY_FOLDS, train=days, validation=(), unused=())
    learned, test = until.closed(day), until.test
    learned = learned.assign(churn_risk=churn.predict(learned))
    chosen = choose_value(Until(snapshots, folds), names, params)
    model = refit_value(chosen, learned, params, learned["churn_risk"].to_numpy(np.float64))
    test = test[test["value"].notna()]
    return Run(model, learned, test.assign(churn_risk=churn.predict(test)))


def _plan(one: Asked, date: str, known: Profile) -> Timeline:
    day, horizon = day_of(dt.date.fromisoformat(date)), one.case.horizon_days
    first, last = known.data_from + one.case.active_within_days, day - horizon
    step = 14 if (day - one.value_days - first) // 14 >= FEWEST_DATES else 7
    validation = (last - 14, last)
    days = sorted(range(last, first - 1, -step))
    train = tuple(d for d in days if d + horizon <= validation[0])
    return Timeline(
        horizon_days=horizon,
        active_within_days=one.case.active_within_days,
        value_horizon_days=one.value_days,
        data_from=known.data_from,
        data_until=known.data_until,
        train=train,
        validation=validation,
        test=(day,),
        unused=tuple(d for d in days if d > train[-1] and d not in validation),
        score=day,
        value_train=tuple(d for d in days if d + one.value_days <= day),
        value_test=(day,),
        choices=(),
    )


def ours(run: Run) -> FloatArray:
    """The value of each row of the test date if it leaves (n,), as a card tells it."""
    told = run.model.predict(run.test, run.test["churn_risk"].to_numpy(np.float64))
    return told["value_if_lapses"].to_numpy(np.float64)


def one_share(run: Run) -> FloatArray:
    """One share for all."""
    return _share_of(run, np.ones(len(run.learned), bool)) * _stays(run)


def by_band(run: Run) -> FloatArray:
    """A share for each band of the risk."""
    share = np.empty(len(run.test))
    for low, high in pairwise(BANDS):
        share[_within(run.test, low, high)] = _share_of(run, _within(run.learned, low, high))
    return share * _stays(run)


def own_chance(run: Run) -> FloatArray:
    """BG/NBD's chance to come back at its own risk, times what is learned over all leavers."""
    learned, test = _leavers(run), run.test
    chance = [_own_chance(run.model, rows) for rows in (learned, test)]
    stays = run.model.if_stays(learned, at_level=False)["value"] * chance[0]
    level = fit_share(LeaverShare(0.5), np.ones(len(learned)), stays, _brought(learned)).level
    return np.minimum(level * chance[1], 1.0) * _stays(run)


def trees(run: Run) -> FloatArray:
    """Small trees of the leavers alone, on all features and the risk, from one share."""
    learned, inputs = _leavers(run), run.model.inputs
    full, start = run.model.if_stays(learned, at_level=False)["value"], one_share(run)
    unit, level = full.mean(), float(np.median(start / np.maximum(_stays(run), 1e-9)))
    rows, asked_rows = (
        np.column_stack([inputs.matrix(some), some["churn_risk"]]) for some in (learned, run.test)
    )
    data = lgb.Dataset(
        rows,
        np.maximum(_brought(learned), 0.0) / unit,
        init_score=np.log(np.maximum(level * full / unit, 1e-3)),
    )
    settings = {"objective": "tweedie", "num_leaves": 4, "min_data_in_leaf": 300, "lambda_l2": 10}
    settings |= {"learning_rate": 0.05, "feature_fraction": 0.3, "verbose": -1, "num_threads": 1}
    booster = lgb.train({**settings, "seed": 1, "deterministic": True}, data, 60)
    factor = np.exp(booster.predict(asked_rows, raw_score=True))
    return np.minimum(level * factor, 1.0) * _stays(run)


METHODS: Mapping[str, Callable[[Run], FloatArray]] = {
    "ours": ours,
    "one share (before)": one_share,
    "share by risk band": by_band,
    "BG/NBD's own chance": own_chance,
    "small trees": trees,
}


def _leavers(run: Run) -> pd.DataFrame:
    rows = run.learned
    found: pd.DataFrame = rows[(rows["churned"] == 1) & rows["value_known"] & rows["value"].notna()]
    return found


def _share_of(run: Run, among: npt.NDArray[np.bool_]) -> float:
    usual = usual_share(run.model.horizons, run.model.horizons.value_days).level
    rows = _leavers(run._replace(learned=run.learned[among]))
    full = run.model.if_stays(rows, at_level=False)["value"] if len(rows) else np.empty(0)
    found = fit_share(LeaverShare(usual), np.ones(len(rows)), full, _brought(rows))
    return min(found.level, 1.0)


def _own_chance(model: ValueModel, rows: pd.DataFrame) -> FloatArray:
    if model.rhythm is None:
        raise ValueError("nobody bought on two days")
    own = model.rhythm.bg_nbd.p_no_purchase(
        model.horizons.outcome_days, *rows[["frequency", "recency", "T"]].to_numpy(np.float64).T
    )
    return model.rhythm.p_back(rows, own, model.horizons.outcome_days, model.horizons.value_days)


def _brought(rows: pd.DataFrame) -> FloatArray:
    return rows["value"].to_numpy(np.float64)


def _stays(run: Run) -> FloatArray:
    return run.model.if_stays(run.test)["value"]


def _within(rows: pd.DataFrame, low: float, high: float) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (
        rows["churn_risk"].between(low, high, inclusive="left").to_numpy()
    )
    return found


def deviance(told: FloatArray, seen: FloatArray) -> FloatArray:
    """The Tweedie deviance of each row (n,), in units of the mean seen."""
    unit = max(float(seen.mean()), 1e-9)
    y, mu = np.maximum(seen, 0.0) / unit, np.maximum(told / unit, 1e-6)
    two, one = 2.0 - POWER, 1.0 - POWER
    found: FloatArray = 2.0 * (y**two / (one * two) - y * mu**one / one + mu**two / two)
    return found


def measured(one: Asked, params: ModelParams) -> Iterator[str]:
    """The lines of a data set."""
    runs = [run_at(one, date, params) for date in one.case.dates]
    test = pd.concat([run.test for run in runs], ignore_index=True)
    told = {name: np.concatenate([method(run) for run in runs]) for name, method in METHODS.items()}
    cards = pd.concat(
        [run.model.predict(run.test, run.test["churn_risk"].to_numpy(np.float64)) for run in runs],
        ignore_index=True,
    )
    left = (test["churned"] == 1).to_numpy()
    gone, seen = test[left], test["value"].to_numpy(np.float64)
    weights = customer_weights(gone["customer_id"], DRAWS, params.seed)
    yield (
        f"\n{one.case.name}: horizon {one.case.horizon_days}, value {one.value_days} days; as of "
        f"{', '.join(one.case.dates)}; {left.sum():,} of {len(test):,} rows left"
    )
    heads = [f"{low:.1f} to {min(high, 1.0):.1f}" for low, high in pairwise(BANDS)]
    yield f"{'':20}{'deviance':>9}{'less ours':>28}{'all':>7}" + "".join(f"{h:>12}" for h in heads)
    rows = {name: deviance(value[left], seen[left]) for name, value in told.items()}
    for name, value in told.items():
        gap = rows[name] - rows["ours"]
        drawn = (weights @ gap) / weights.sum(axis=1)
        ends = interval_95(drawn)
        less = f"{gap.mean():+.4f} ({ends['low']:+.4f} to {ends['high']:+.4f})" if gap.any() else ""
        yield (
            f"{name:20}{rows[name].mean():>9.4f}{less:>28}{_over(seen[left], value[left]):>7}"
            + "".join(
                f"{_over(seen[left & inside], value[left & inside]):>12}"
                for low, high in pairwise(BANDS)
                for inside in [_within(test, low, high)]
            )
        )
    risk = test["churn_risk"].to_numpy(np.float64)
    stays = cards["value_if_stays"].to_numpy(np.float64)
    yield f"value if stays, of who stayed: {_over(seen[~left], stays[~left])} brought over told"
    for name, value in told.items():
        yield f"expected value, all, {name}: {_errors((1 - risk) * stays + risk * value, seen)}"
    orders = test["orders_in_value_horizon"].to_numpy(np.float64)
    far = cards["expected_orders_in_value_horizon"].to_numpy(np.float64)
    yield f"orders over the value horizon, all: {_errors(far, orders)}"


def _over(seen: FloatArray, told: FloatArray) -> str:
    return f"{seen.sum() / told.sum():.2f}" if len(seen) >= 20 and told.sum() > 0 else "-"


def _errors(told: FloatArray, seen: FloatArray) -> str:
    error = told - seen
    return (
        f"RMSE {np.sqrt((error**2).mean()):.4g}, mean absolute error {np.abs(error).mean():.4g}, "
        f"total {told.sum() / seen.sum() - 1:+.1%}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the chosen dates."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--dates", choices=("development", "test"), default="development")
    parser.add_argument("--datasets", nargs="+", help="names of data sets; all without")
    chosen = parser.parse_args(arguments)
    params = load_params(ROOT / "params.yaml").model
    for one in asked(chosen.dates):
        if chosen.datasets and one.case.name not in chosen.datasets:
            continue
        try:
            for line in measured(one, params):
                print(line, flush=True)
        except NotPossibleError as error:
            print(f"{one.case.name} was not run: {error}", flush=True)


if __name__ == "__main__":
    main()
