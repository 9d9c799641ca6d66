"""The benchmark that shows the same numbers on every processor, and the proof on a small shop."""

import json
import math
import os

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks import processors
from benchmarks.measuring import ROOT
from benchmarks.processors import ONE, differences, largest_difference, outputs, run, settings
from benchmarks.zoo.road import merged
from benchmarks.zoo.settings import QUICK

SMALL = {"world": "shop", "customers": 400, "days": 400, "seed": 3}


@pytest.mark.slow
def test_every_output_that_dvc_records_is_compared_but_those_of_the_log():
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    recorded = {name: [out["path"] for out in stage["outs"]] for name, stage in lock.items()}
    plots = recorded["evaluate"]
    for name, paths in outputs().items():
        assert set(paths) == set(recorded[name]), name
    assert "plots" in plots and set(recorded) - set(outputs()) == {"track"}


def test_what_differs_is_named_with_how_much(tmp_path):
    for name, number in (("one", 1.0), ("other", 1.0 + 1e-9)):
        folder = tmp_path / name
        digest = ("a1" if name == "one" else "b2") * 32
        for path in ("data/scores.parquet", "reports/evaluation.json", "data/plan.json"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"risk": [number, np.nan]}).to_parquet(folder / "data/scores.parquet")
        told = {"auc": 0.12345678901234567 * number, "version": digest}
        (folder / "reports/evaluation.json").write_text(json.dumps(told))
        (folder / "data/plan.json").write_text("{}")
    (tmp_path / "other/reports/forecast.json").write_text("{}")
    found = differences(tmp_path / "one", tmp_path / "other")
    assert set(found) == {
        "data/scores.parquet",
        "reports/evaluation.json",
        "reports/forecast.json",
    }
    assert found["data/scores.parquet"] == pytest.approx(1e-9, rel=1e-3)
    assert found["reports/evaluation.json"] == pytest.approx(1e-9, rel=1e-3)
    assert math.isinf(found["reports/forecast.json"])


def test_files_with_more_numbers_differ_without_a_size(tmp_path):
    (tmp_path / "one.json").write_text("[1, 2]")
    (tmp_path / "other.json").write_text("[1, 2, 3]")
    assert math.isinf(largest_difference(tmp_path / "one.json", tmp_path / "other.json"))


def test_a_setting_holds_for_one_run_alone(tmp_path, monkeypatch):
    seen = {}

    def worker(*arguments, here):
        seen.update(os.environ, arguments=arguments, here=here)
        return {}

    monkeypatch.setattr(processors, "worker", worker)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    run("one_thread", tmp_path / "one_thread", ROOT / "params.yaml", None)
    assert {name: seen[name] for name in ONE} == ONE
    assert seen["arguments"][-2:] == ("--here", "source")
    assert os.environ["OMP_NUM_THREADS"] == "7" and "OPENBLAS_NUM_THREADS" not in os.environ


@pytest.mark.slow
def test_a_whole_run_writes_the_same_bytes_under_the_settings_of_an_old_processor(tmp_path):
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["source"] |= {"kind": "simulator", "simulator": SMALL}
    params = merged(params, {"model": QUICK})
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    told = [run(name, tmp_path / name, tmp_path / "params.yaml", None) for name in ("as_is", "old")]
    changed = [
        name for name, now in told[1]["functions"].items() if now != told[0]["functions"][name]
    ]
    assert changed, f"the settings change nothing here: {settings()['old']}"
    assert differences(tmp_path / "as_is", tmp_path / "old") == {}
