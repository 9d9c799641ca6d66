import json
from types import SimpleNamespace

import numpy as np

import benchmarks.value_classes
from benchmarks.value_classes import MAP, main
from tests.models.test_evaluate import PARAMS, rows


def test_each_value_class_stands_with_both_models_and_their_difference(
    monkeypatch, tmp_path, capsys
):
    frame, predictions = rows(customers=300, dates=1)
    true = predictions["ours"]
    rich = (frame["amount_total"].rank(pct=True) > 2 / 3).to_numpy()
    wrong = np.where(rich, true / 2, true)
    changes = {
        "predicted": lambda case, params: (frame, {MAP: wrong, "ours": true}),
        "OUT": tmp_path / "out" / "value_classes.json",
        "ROOT": tmp_path,
        "load_params": lambda _path: SimpleNamespace(model=PARAMS),
    }
    for name, value in changes.items():
        monkeypatch.setattr(benchmarks.value_classes, name, value)
    main(["--datasets", "cdnow"])
    found = json.loads(changes["OUT"].read_text(encoding="utf-8"))
    third = {row["model"]: row["value"] for row in found["rows"] if row["part"] == "highest_third"}
    assert third[MAP] > 1.5 * third["ours"]
    gaps = {
        one["metric"]: one["difference"]["value"]
        for one in found["figures"]
        if one["model"] == "ours"
    }
    assert gaps["log_loss"] < 0 and gaps["value_weighted_calibration_error"] < 0
    printed = capsys.readouterr().out
    assert "value highest_third" in printed and "against the map" in printed
