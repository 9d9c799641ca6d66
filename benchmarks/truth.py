"""Models on worlds whose truth is known: nothing to find, planted drivers, and BG/NBD's own world.

`make bench-truth` prints the figures and writes benchmarks/out/truth.json:

    null     Complete Journey with its labels shuffled among the customers of each date, over so
             many seeds: mean AUC (½ is right) and the grades
    planted  the simulated shop, in autumn and before its December: calibration error, AUC beside
             the best rule, and the share that each group of features has in the movement of the
             risk (mean |TreeSHAP|)
    bg_nbd   customers drawn from a BG/NBD model: our expected orders over those that the
             generating model expects, which knows its own parameters

    python -m benchmarks.truth --only planted --customers 50000
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cases import FOLDER, Case, Prepared, cases, prepare
from benchmarks.measuring import ROOT
from benchmarks.ours import FloatArray
from features.snapshot import group_of, model_features
from models.churn.fitting import refit_churn
from models.judging.churn import evaluate_churn
from models.params import ModelParams
from models.probability.metrics import METRICS
from models.simple.btyd import BgNbd
from models.simple.rules import fit_baselines
from models.training.fitting import choose, choose_churn, refit
from models.training.until import Until
from models.words import OURS
from pipelines.params import load_params

OUT = ROOT / "benchmarks" / "out" / "truth.json"
SEEDS, CUSTOMERS = 20, 50_000
# a purchase in 20 days; after each one a fifth drop out
WORLD = BgNbd(r=0.7, alpha=14.0, a=0.8, b=3.5)
START, DAYS, JOINING = pd.Timestamp("2024-01-01"), 364, 120
HORIZON, ACTIVE = 28, 90
TEST_DAY = DAYS - 1 - HORIZON  # its outcome closes on the last midnight
PARTS = ("null", "planted", "bg_nbd")


def null(rows: Prepared, seeds: int, params: ModelParams) -> dict[str, Any]:
    """Churn models of shuffled labels, judged as in a run."""
    features = model_features(rows.snapshots)
    aucs, grades = [], []
    for seed in range(seeds):
        until = Until(_shuffled(rows.snapshots, seed), rows.timeline)
        timeline = rows.timeline
        chosen = choose_churn(until, features, params)
        closed, test = (
            until.closed(timeline.test[0]),
            until.rows(timeline.data_until, timeline.test),
        )
        model = refit_churn(closed, chosen, chosen.calibration, params)
        simple = fit_baselines(closed, timeline.horizon_days).predict(test)
        told = {OURS: model.predict(test)}
        told |= {str(name): simple[name].to_numpy(np.float64) for name in simple}
        judged = evaluate_churn(test, told, timeline.horizon_days, params)
        aucs.append(judged["models"][OURS]["auc"]["value"])
        grades.append(judged["grade"])
    return {
        "seeds": seeds,
        "mean_auc": float(np.mean(aucs)),
        "lowest_auc": float(min(aucs)),
        "highest_auc": float(max(aucs)),
        "grades": dict(Counter(grades)),
    }


def _shuffled(snapshots: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Shuffle the outcomes among the rows of an as-of date."""
    rng = np.random.default_rng(seed)
    churned = snapshots.groupby("as_of_date")["churned"].transform(
        lambda one: rng.permutation(one.to_numpy())
    )
    return snapshots.assign(churned=churned)


def planted(rows: Prepared, params: ModelParams) -> dict[str, Any]:
    """The figures of a run on the simulated shop at the test date."""
    features = model_features(rows.snapshots)
    until, day = rows.until, rows.timeline.test[0]
    churn = refit(choose(until, features, params), until, day, params).churn
    test = rows.test
    y, one = test["churned"].to_numpy(np.float64), np.ones(len(test))
    simple = fit_baselines(until.closed(day), rows.timeline.horizon_days).predict(test)
    told = {OURS: churn.predict(test)}
    told |= {str(name): simple[name].to_numpy(np.float64) for name in simple}
    moved = churn.contributions(test)[:, :-1]
    groups = pd.Series(group_of(features)).reindex(churn.features)
    by_group = pd.DataFrame(moved, columns=groups.to_numpy()).T.groupby(level=0).sum().T
    share = by_group.abs().mean()
    by_feature = pd.DataFrame(moved, columns=churn.features)
    return {
        "rows": len(test),
        "churn_rate": float(y.mean()),
        "models": {
            name: {metric: float(METRICS[metric](y, p, one)) for metric in ("auc", "log_loss")}
            for name, p in told.items()
        },
        "calibration_error": float(METRICS["calibration_error"](y, told[OURS], one)),
        "observed_over_expected": float(y.sum() / told[OURS].sum()),
        "share_by_group": (share / share.sum()).sort_values(ascending=False).to_dict(),
        "log_odds_where": _directions(by_feature, test),
    }


def _directions(moved: pd.DataFrame, test: pd.DataFrame) -> dict[str, float]:
    """Mean contribution to the risk, in log odds, among customers with a planted driver."""
    looked_for = {
        "complaints_open": test.get("complaints_open", pd.Series(dtype=float)) > 0,
        "nps_last": test.get("nps_last", pd.Series(dtype=float)) >= 9,
        "silence_over_gap_mean": test["silence_over_gap_mean"] > 2,
    }
    return {
        name: float(moved.loc[rows.to_numpy(), name].mean())
        for name, rows in looked_for.items()
        if name in moved and rows.any()
    }


def draw_bg_nbd(customers: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders of customers who follow WORLD, and each one's first purchase (days since START).

    The first purchase is the start; after each later one the customer leaves with a probability
    of their own (Fader, Hardie & Lee 2005).
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(WORLD.r, 1.0 / WORLD.alpha, customers)
    leaving = rng.beta(WORLD.a, WORLD.b, customers)
    clock = rng.uniform(0, JOINING, customers)
    buying, times = np.arange(customers), [(np.arange(customers), clock.copy())]
    while len(buying):
        clock[buying] += rng.exponential(1.0 / rate[buying])
        buying = buying[clock[buying] < DAYS]
        times.append((buying, clock[buying].copy()))
        buying = buying[rng.random(len(buying)) >= leaving[buying]]
    who, when = (np.concatenate(parts) for parts in zip(*times, strict=True))
    bought = pd.DataFrame({"customer": who, "day": when}).sort_values(["customer", "day"])
    orders = pd.DataFrame(
        {
            "customer_id": bought["customer"].map("c{:06d}".format),
            "order_id": [f"o{number:08d}" for number in range(len(bought))],
            "event_time": START + pd.to_timedelta(bought["day"], unit="D"),
            "amount": rng.gamma(3.0, 10.0, len(bought)).round(2),
        }
    )
    return orders, bought


def bg_nbd(customers: int, params: ModelParams) -> dict[str, Any]:
    """Our expected orders within the horizon, over those of the generating model."""
    folder = FOLDER / f"bg_nbd-{customers}"
    folder.mkdir(parents=True, exist_ok=True)
    orders, bought = draw_bg_nbd(customers, seed=1)
    orders.to_parquet(folder / "orders.parquet", index=False)
    date = START + pd.Timedelta(TEST_DAY, "D")
    case = Case(
        name=f"bg_nbd_{customers}",
        horizon_days=HORIZON,
        active_within_days=ACTIVE,
        dates=(f"{date:%Y-%m-%d}",),
        source={"kind": "files", "path": str(folder), "currency": "USD"},
    )
    rows = prepare(case, case.dates[0])
    until, day = rows.until, rows.timeline.test[0]
    bundle = refit(choose(until, model_features(rows.snapshots), params), until, day, params)
    test = rows.test
    ours = bundle.value.predict(test, bundle.churn.predict(test))["expected_orders"].to_numpy()
    theirs = _expected(bought[bought["day"] < TEST_DAY], test["customer_id"])
    rng = np.random.default_rng(0)
    draws = rng.poisson(1.0, (1000, len(test)))
    ratio = (draws @ ours) / (draws @ theirs)
    low, high = np.percentile(ratio, [2.5, 97.5])
    return {
        "customers": customers,
        "rows": len(test),
        "ours_over_generating": float(ours.sum() / theirs.sum()),
        "low": float(low),
        "high": float(high),
        "seen_over_generating": float(test["orders_in_horizon"].sum() / theirs.sum()),
        "mean_difference_by_customer": float(np.abs(ours - theirs).mean() / theirs.mean()),
    }


def _expected(bought: pd.DataFrame, customers: "pd.Series[str]") -> FloatArray:
    """What WORLD expects of each customer from their history up to the date, in continuous time."""
    history = bought.groupby("customer")["day"].agg(["size", "min", "max"])
    history.index = pd.Index([f"c{number:06d}" for number in history.index])
    one = history.loc[customers.to_numpy()]
    triple = (one["size"] - 1.0, one["max"] - one["min"], TEST_DAY - one["min"])
    return WORLD.expected_purchases(HORIZON, *(part.to_numpy(np.float64) for part in triple))


def shop(customers: int) -> Case:
    """The simulated shop: two years, judged on each of two dates."""
    return Case(
        name=f"simulated_shop_{customers}",
        horizon_days=28,
        active_within_days=90,
        dates=("2024-09-09", "2024-11-18"),
        source={"kind": "simulator", "simulator": {"customers": customers}},
        snapshots=12,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the chosen parts."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    asked = parser.parse_args(arguments)
    params = load_params(ROOT / "params.yaml").model
    result = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    for part in asked.only:
        if part == "null":
            case = cases()["complete_journey"]
            result[part] = null(prepare(case, case.dates[-1]), SEEDS, params)
        elif part == "planted":
            case = shop(asked.customers)
            result[part] = {day: planted(prepare(case, day), params) for day in case.dates}
        else:
            result[part] = bg_nbd(asked.customers, params)
        print(f"{part}\n{json.dumps(result[part], indent=1)}", flush=True)
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"written to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
