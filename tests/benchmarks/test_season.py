import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import benchmarks.season
from benchmarks import two_seasons
from benchmarks.ours import OURS
from benchmarks.season import WITHOUT, WithoutCalendar, main
from models.training.until import Until
from sources.kinds.simulator import writing
from tests.models.test_calendar import START, drawn, yearly
from tests.models.test_evaluate import PARAMS


def test_a_company_of_two_seasons_sells_each_kind_in_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(two_seasons, "CUSTOMERS", 150)
    monkeypatch.setattr(writing, "GROUP", 200)
    two_seasons.write_orders(tmp_path)
    lines = pd.read_parquet(tmp_path / two_seasons.ORDERS)
    kind = lines["category"].str.split().str[0]
    by_month = pd.crosstab(lines["event_time"].dt.month, kind)
    assert by_month["garden"].loc[4:6].sum() > 2 * by_month["garden"].loc[10:12].sum()
    assert by_month["toys"].loc[11:12].sum() > 1.5 * by_month["toys"].loc[4:5].sum()
    assert lines.groupby("order_id")["customer_id"].nunique().max() == 1
    before = (tmp_path / two_seasons.ORDERS).stat().st_mtime_ns
    two_seasons.write_orders(tmp_path)
    assert (tmp_path / two_seasons.ORDERS).stat().st_mtime_ns == before


def test_without_its_calendar_a_run_has_no_level():
    bought, day = drawn(400, yearly(400), customers=100), START + 400
    plan = SimpleNamespace(is_seasonal=False, churn="lapse", data_until=day, score=day)
    with_it, without = (kind(pd.DataFrame(), plan, bought) for kind in (Until, WithoutCalendar))
    assert with_it.calendar(day) is not None
    assert without.calendar(day) is None


def test_totals_and_differences_stand_with_the_calendar_and_without(monkeypatch, tmp_path, capsys):
    bought, day = drawn(400, yearly(400), customers=100), START + 400
    plan = SimpleNamespace(is_seasonal=False, horizon_days=28, churn="lapse", test=(day,))
    sold = np.arange(50.0) % 5
    test = pd.DataFrame(
        {"customer_id": [f"c{n:04d}" for n in range(50)], "orders_in_horizon": sold}
    )
    run = SimpleNamespace(
        snapshots=test,
        timeline=plan,
        purchases=bought,
        known_days=None,
        until=Until(test, plan, bought),
        test=test,
        asked_days=28,
    )

    def answers(_run, until, _params):
        is_off = isinstance(until, WithoutCalendar)
        return {"how_much": pd.DataFrame({"orders": sold * (0.7 if is_off else 1.1)})}

    changes = {
        "prepare": lambda case, date: run,
        "answers_of": answers,
        "OUT": tmp_path / "out" / "season.json",
        "ROOT": tmp_path,
        "load_params": lambda _path: SimpleNamespace(model=PARAMS),
    }
    for name, value in changes.items():
        monkeypatch.setattr(benchmarks.season, name, value)
    main(["--datasets", "online_retail"])
    found = json.loads(changes["OUT"].read_text(encoding="utf-8"))
    errors = {one["model"]: one for one in found["mean_errors"]}
    assert errors[OURS]["mean_absolute_error"] == pytest.approx(0.1)
    assert errors[WITHOUT]["mean_absolute_error"] == pytest.approx(0.3)
    assert errors[OURS]["dates"] == 3
    ours = next(one for one in found["totals"] if one["model"] == OURS)
    assert ours["covers"] and ours["low"] < ours["sold"] < ours["forecast"] < ours["high"]
    gap = next(one for one in found["differences"] if one["metric"] == "orders_mean_absolute_error")
    assert gap["value"] < 0 and "model" not in gap
    printed = capsys.readouterr().out
    assert "with   +10.0%  without   -30.0%" in printed and "holds" in printed
