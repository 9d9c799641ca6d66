"""The tables of churn are what the benchmark wrote, and stand in their places on both pages."""

import json

import pytest

from benchmarks import churn_tables
from benchmarks.churn_tables import HEADINGS, PAGE, README, put, readme_table, table


@pytest.fixture
def result():
    """Two models beside ours on every data set: one surely better in AUC, one with no loss."""
    key = {"as_of_date": "all", "task": "churn"}
    figures = {
        ("ours", "auc"): 0.7,
        ("ours", "observed_over_expected"): 1.04,
        ("perpetual_default", "auc"): 0.7254,
        ("perpetual_default", "observed_over_expected"): 0.9,
        ("xgboost_default", "auc"): 0.69,
        ("pareto_nbd", "auc"): 0.6,
        ("pareto_nbd", "log_loss"): float("nan"),
    }
    low, high = {"perpetual_default": 0.01, "xgboost_default": -0.02}, {"xgboost_default": -0.01}
    rows, gaps = [], []
    for dataset in HEADINGS:
        for (model, metric), value in figures.items():
            one = {"dataset": dataset, **key, "model": model, "metric": metric}
            rows.append({**one, "value": value, "low": value - 0.01, "high": value + 0.01})
            if model != "ours" and metric == "auc":
                sides = {"low": low.get(model, -0.1), "high": high.get(model, 0.1)}
                gaps.append({**one, "value": value - 0.7, **sides})
    return {"rows": rows, "differences": gaps}


def test_a_row_tells_figures_and_whether_they_are_surely_better_or_worse(result):
    lines = table(result, "cdnow").splitlines()
    assert lines[2:] == [
        "| **Regulars** | 0.700 (0.690 to 0.710) | – | – | – | 1.04 |",
        "| Pareto/NBD | 0.600 ≈ | – | – | – | – |",
        "| XGBoost, defaults | 0.690 worse | – | – | – | – |",
        "| Perpetual, defaults | 0.725 better | – | – | – | 0.90 |",
    ]


def test_the_first_page_names_the_best_boosting(result):
    line = readme_table(result).splitlines()[2]
    assert line == "| Complete Journey, 28 | 0.700 | – | – | 0.725 better | – |"


def test_only_the_tables_change_and_every_one_has_its_place(result, monkeypatch, tmp_path):
    monkeypatch.setattr(churn_tables, "OUT", tmp_path / "accuracy.json")
    churn_tables.OUT.write_text(json.dumps(result), encoding="utf-8")
    before = {}
    for name, path in {"PAGE": PAGE, "README": README}.items():
        copy = tmp_path / path.name
        before[copy] = path.read_text(encoding="utf-8").splitlines()
        copy.write_text("\n".join(before[copy]) + "\n", encoding="utf-8")
        monkeypatch.setattr(churn_tables, name, copy)
    churn_tables.main(["--write"])
    for copy, lines in before.items():
        written = copy.read_text(encoding="utf-8")
        kept = [line for line in lines if not line.startswith("|")]
        assert [line for line in written.splitlines() if not line.startswith("|")] == kept
        assert written.count("0.725 better") == len(HEADINGS)


def test_a_heading_without_a_table_is_named():
    with pytest.raises(ValueError, match="no table below ## Here"):
        put("## Here\n\nwords\n", "## Here", "| a |")
