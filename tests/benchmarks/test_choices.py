"""Settings are compared where methods are chosen, each by the task of the model it changes."""

import json
from dataclasses import replace

import numpy as np
import pytest

import benchmarks.choices
import benchmarks.judging
import benchmarks.variants
from benchmarks.cases import Prepared, development
from benchmarks.choices import AS_SET, main, measure, print_table
from benchmarks.judging import ALL
from benchmarks.measuring import NotPossibleError
from benchmarks.tasks import HIGHER_IS_BETTER
from benchmarks.variants import VARIANTS, Run, Variant, run_of, tell
from features.timeline import day_of
from models.next_purchase.candidates import pairs_of
from models.params import GateParams
from models.training.fitting import choose, refit
from models.training.until import Until
from tests.models.pairs import DATES, FEATURES, HORIZON, shop
from tests.snapshots import ensemble_params, model_params, simulate, timeline

NAMES = ("churn.members=1", "value.learning_rate=0.1", "next_categories.learning_rate=0.2")
CASE = replace(development()["cdnow_development"], dates=("2024-01-01", "2024-02-01"))


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(benchmarks.judging, "DRAWS", 20)


@pytest.fixture(scope="module")
def rows():
    found = simulate(customers=120)
    return Prepared(found, timeline())


@pytest.fixture
def one_shop(rows, monkeypatch):
    """Every date of every case has the same rows."""
    monkeypatch.setattr(benchmarks.choices, "prepare", lambda case, date: rows)


@pytest.fixture
def trained(monkeypatch):
    """Which tasks had a model trained, in order."""
    seen = []

    def spied(task, part):
        def spy(run, variant, params):
            seen.append(task)
            return part.train(run, variant, params)

        return part._replace(train=spy)

    parts = {task: spied(task, part) for task, part in benchmarks.variants.PARTS.items()}
    monkeypatch.setattr(benchmarks.variants, "PARTS", parts)
    return seen


def test_test_dates_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--datasets", "complete_journey"])
    assert "invalid choice: 'complete_journey'" in capsys.readouterr().err


def test_every_variant_is_one_that_can_be_set_and_the_one_that_is_set_is_none():
    params = model_params(churn=ensemble_params(learning_rate=0.06))
    changes = {name for name, variant in VARIANTS.items() if variant.changes(params)}
    assert {"churn.learning_rate=0.03", "churn.members=1", "search_trials=16"} <= changes
    assert not {"churn.learning_rate=0.06", "search_trials=0"} & changes
    assert "next_categories+bought" in changes and "next_categories-bought" not in changes
    assert not any(Variant(task).changes(params) for task in benchmarks.variants.PARTS)


def test_settings_of_a_variant_stand_beside_the_others_and_an_unknown_one_is_refused():
    params = model_params()
    changed = VARIANTS["churn.members=1"].params(params)
    assert changed.churn.members == 1 != params.churn.members
    assert changed.model_copy(update={"churn": params.churn}) == params
    back = {name: getattr(params.churn, name) for name in ("members", "random_members")}
    assert changed.churn.model_copy(update=back) == params.churn
    with pytest.raises(ValueError, match="depth"):
        Variant("churn", {"churn": {"depth": 3}}).params(params)


def test_inputs_of_a_pair_are_read_or_left_out():
    plain = pairs_of(["categories_90d"], 5)
    more = VARIANTS["next_categories+bought"].pairs(plain)
    assert more.of_pair == ("bought", *plain.of_pair)
    assert VARIANTS["next_categories+bought"].pairs(more) == more
    assert VARIANTS["next_categories-bought"].pairs(more) == plain


@pytest.mark.slow
def test_what_is_asked_is_the_evaluated_model_of_a_run(rows):
    # Variants are of trees: so much data that these stand alone.
    params = model_params(gates=GateParams(min_customers=5, min_churners=1))
    run = run_of(rows)
    until, day = Until(rows.snapshots, rows.timeline), rows.timeline.test[0]
    bundle = refit(choose(until, run.features, params), until, day, params)
    risk = bundle.churn.predict(rows.test)
    churn = tell(run, Variant("churn"), params)
    assert churn.answer["churn_risk"].tolist() == risk.tolist()
    assert churn.trees == params.churn.members * bundle.churn.rounds
    run = run._replace(risk=risk)
    spend = tell(run, Variant("how_much"), params).answer["spend"]
    assert spend.tolist() == bundle.value.predict(rows.test, risk)["expected_spend"].tolist()
    curve, grid = bundle.next_purchase.curve(rows.test, risk), bundle.next_purchase.grid
    told = tell(run, Variant("when"), params)
    assert told.answer["before_7"].tolist() == (1 - curve[:, grid.index(7)]).tolist()
    assert told.trees == bundle.next_purchase.rounds


@pytest.mark.slow
def test_only_the_model_that_a_variant_changes_is_trained_beside_the_churn_model(one_shop, trained):
    found = measure(CASE, ["value.learning_rate=0.1"], model_params())
    assert trained == ["churn"] * 2 + ["how_much"] * 4
    assert {row["task"] for row in found["rows"]} == {"how_much"}
    trained.clear()
    measure(CASE, ["churn.members=1", "search_trials=0"], model_params())  # no search is as set
    assert trained == ["churn"] * 4


@pytest.mark.slow
def test_a_variant_stands_beside_what_is_set_with_its_difference_its_time_and_its_trees(one_shop):
    found = measure(CASE, ["churn.members=1"], model_params())
    figures = {
        (row["variant"], row["as_of_date"], row["metric"]): row["value"] for row in found["rows"]
    }
    assert {key[:2] for key in figures} == {
        (name, date) for name in (AS_SET, "churn.members=1") for date in (*CASE.dates, ALL)
    }
    for gap in found["differences"]:
        key = gap["as_of_date"], gap["metric"]
        expected = figures[("churn.members=1", *key)] - figures[(AS_SET, *key)]
        assert gap["value"] == pytest.approx(expected, abs=1e-12)
        assert gap["variant"] == "churn.members=1" and gap["low"] <= gap["value"] <= gap["high"]
    assert {gap["metric"] for gap in found["differences"]} <= set(HIGHER_IS_BETTER)
    usual, one = found["training"]
    assert (usual["variant"], usual["times"]) == (AS_SET, 1.0)
    assert one["trees"] * model_params().churn.members == usual["trees"]
    assert one["times"] == one["seconds"] / usual["seconds"]


@pytest.fixture(scope="module")
def with_categories():
    found, categories = shop(customers=150)
    found = found.assign(
        value_known=False, followup_days=28.0, days_to_next_purchase=np.nan, value=np.nan
    )
    days = [day_of(date.date()) for date in DATES]
    plan = replace(
        timeline(),
        train=(days[0],),
        validation=(days[2],),
        test=(days[5],),
        data_until=days[5] + HORIZON,
    )
    test = found[found["as_of_date"] == DATES[5]].reset_index(drop=True)
    return Run(Until(found, plan), FEATURES, test, categories, np.zeros(len(test)))


@pytest.mark.slow
def test_the_model_of_categories_reads_what_its_variant_says(with_categories):
    part = benchmarks.variants.PARTS["what"]
    models = [
        part.train(with_categories, variant, model_params())
        for variant in (Variant("what"), VARIANTS["next_categories+bought"])
    ]
    usual, more = (model.pairs.of_pair for model in models)
    assert more == ("bought", *usual)
    usual, more = (part.answer(with_categories, model) for model in models)
    assert list(more) == list(usual) and not more.equals(usual)


@pytest.mark.slow
def test_data_without_categories_is_named_and_the_others_are_measured(one_shop, capsys):
    found = measure(CASE, NAMES, model_params())
    assert {row["task"] for row in found["training"]} == {"churn", "how_much"}
    [left_out] = found["not_run"]
    assert (left_out["dataset"], left_out["task"]) == (CASE.name, "what")
    assert "no categories" in left_out["reason"] and "no categories" in capsys.readouterr().out


@pytest.mark.slow
def test_what_is_measured_replaces_its_own_task_and_data_that_is_not_there_is_named(
    rows, tmp_path, monkeypatch, capsys
):
    there, away = replace(CASE, name="there"), replace(CASE, name="away")

    def prepared(case, date):
        if case.name == "away":
            raise NotPossibleError("a file is not there")
        return rows

    params = model_params(threads=2)
    seen = []
    told = benchmarks.choices.tell
    for name, value in {
        "ROOT": tmp_path,
        "OUT": tmp_path / "choices.json",
        "prepare": prepared,
        "development": lambda: {"there": there, "away": away},
        "load_params": lambda path: type("Params", (), {"model": params}),
        "tell": lambda run, variant, params: (
            seen.append(params.threads) or told(run, variant, params)
        ),
    }.items():
        monkeypatch.setattr(benchmarks.choices, name, value)
    main(["--variants", "churn.members=1", "value.learning_rate=0.1", "--datasets", "there"])
    main(["--variants", "churn.learning_rate=0.06"])
    result = json.loads((tmp_path / "choices.json").read_text(encoding="utf-8"))
    assert set(seen) == {1}
    for part in ("rows", "training"):
        variants = {(row["task"], row["variant"]) for row in result[part]}
        assert variants == {
            ("churn", AS_SET),
            ("churn", "churn.learning_rate=0.06"),
            ("how_much", AS_SET),
            ("how_much", "value.learning_rate=0.1"),
        }
    assert result["not_run"] == [
        {"dataset": "away", "task": "churn", "reason": "a file is not there"}
    ]
    printed = capsys.readouterr().out
    assert "there, churn: 2024-01-01, 2024-02-01" in printed and "churn.members=1" in printed


def test_a_figure_that_no_variant_moved_is_not_shown(capsys):
    key = {"dataset": "shop", "as_of_date": ALL, "task": "when", "n_test": 7}
    values = {
        (AS_SET, "concordance"): 0.7,
        ("other", "concordance"): 0.7,
        (AS_SET, "brier_7"): 0.2,
        ("other", "brier_7"): 0.19,
    }
    rows = [
        {**key, "variant": variant, "metric": metric, "value": value}
        for (variant, metric), value in values.items()
    ]
    gap = {"variant": "other", "metric": "brier_7", "value": -0.01, "low": -0.02, "high": -0.003}
    training = [
        {**key, "variant": variant, "times": times, "trees": 90.0}
        for variant, times in ((AS_SET, 1.0), ("other", 1.5))
    ]
    print_table(
        "shop", {"rows": rows, "differences": [key | gap], "training": training, "not_run": []}
    )
    printed = capsys.readouterr().out
    assert "concordance" not in printed and "7 rows together" in printed
    [told] = [line for line in printed.splitlines() if line.startswith("other")]
    assert told.split()[1:4] == ["90", "1.50", "0.1900"]
    assert told.endswith("-0.0100 (-0.0200 to -0.0030) +")
