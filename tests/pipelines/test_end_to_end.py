"""The main job as a user runs it: raw purchases in a folder to a release, again, and otherwise."""

import json
import re
import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
import yaml

from actions.plan.catalog_file import load_catalog
from sources.meanings.vocabulary import DO_NOTHING
from tests.pipelines.code import ROOT
from tests.pipelines.project import new_project
from tests.synthetic import COMPLAINER, OBJECTOR, Shop, tables

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("end_to_end")]

STAGES = list(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
PROBABILITIES = [f"purchase_probability_{days}d" for days in (7, 14, 30, 60, 90)]


def run_names(project):
    """The names of the parent runs in MLflow's store, in the order in which they were made."""
    with closing(sqlite3.connect(project.folder / "mlflow.db")) as store:
        query = """SELECT name FROM runs JOIN tags USING (run_uuid)
                   WHERE key = 'kind' AND value = 'run' ORDER BY start_time"""
        return [name for (name,) in store.execute(query)]


def stages_run(text):
    return re.findall(r"Running stage '(\w+)'", text)


@pytest.fixture
def cards(finished):
    return pd.read_parquet(finished.release / "cards.parquet")


@pytest.fixture
def scored(cards):
    return cards[cards["status"] == "scored"]


def test_a_first_run_runs_every_stage_and_ends_with_a_summary(first_run):
    _, text = first_run
    assert stages_run(text) == STAGES
    summary = text[text.index("\nRelease ") :]
    for said in ("Regulars", "recency rule", "BG/NBD", "grade", "value at risk", "make ui"):
        assert said in summary
    assert "Traceback" not in text
    assert "Warning" not in text
    assert "dvc push" not in text  # there is no remote


def test_the_release_is_complete_and_every_file_is_what_the_manifest_says(finished):
    manifest = finished.manifest()
    assert {
        "cards.parquet",
        "purchases.parquet",
        "plan.json",
        "actions.yaml",
        "models/booster_0.txt",
        "models/manifest.json",
        "reports/model_card.md",
        "reports/effects.md",
        "reports/effects.ru.md",
        "reports/plan.md",
        "reports/plan.ru.md",
        "reports/evaluation.json",
        "reports/data_usability.json",
        "reports/overview.json",
    } <= set(manifest["files"])
    assert manifest["as_of_date"] == "2024-10-27"
    assert manifest["data_until"] == "2024-10-26"
    assert (manifest["horizon_days"], manifest["schema_version"]) == (30, 1)
    assert set(manifest["source"]["files"]) == {f"{name}.csv" for name in tables(Shop())}
    left = {path.name for path in (finished.folder / "data").iterdir()}
    assert not left & {".release-new", ".release-old"}


def test_what_the_stages_wrote_is_what_dvc_yaml_lists(finished):
    listed = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    entries = [e for s in listed for e in (*s.get("outs", []), *s.get("metrics", []))]
    outs = [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
    for folder in ("data", "artifacts", "reports", "metrics", "plots"):
        for path in (finished.folder / folder).rglob("*"):
            name = path.relative_to(finished.folder).as_posix()
            if path.is_file() and not path.name.startswith("."):
                assert any(name == out or name.startswith(f"{out}/") for out in outs), name


def test_everyone_who_ever_bought_has_one_card_except_who_objected(finished, cards):
    orders = pd.read_parquet(finished.folder / "data" / "tables" / "orders.parquet")
    bought = set(orders["customer_id"]) - {OBJECTOR}
    assert cards["customer_id"].is_unique
    assert set(cards["customer_id"]) == bought
    assert OBJECTOR in set(orders["customer_id"])
    purchases = pd.read_parquet(finished.release / "purchases.parquet")
    assert OBJECTOR not in set(purchases["customer_id"])
    assert "00007" in bought | {OBJECTOR}  # leading zeros survive
    assert set(cards["status"]) == {"scored", "already_churned"}


def test_the_parts_of_a_card_tell_one_story(scored):
    scored = scored.sort_values("risk_rank")
    risk, stays, lapses = (scored[n] for n in ("churn_risk", "value_if_stays", "value_if_lapses"))
    assert scored["risk_rank"].tolist() == list(range(1, len(scored) + 1))
    assert risk.is_monotonic_decreasing
    np.testing.assert_allclose(scored["expected_value"], (1 - risk) * stays + risk * lapses)
    np.testing.assert_allclose(scored["value_at_risk"], risk * (stays - lapses))
    curve = scored[PROBABILITIES].to_numpy(np.float64)
    steps = np.diff(curve, axis=1)
    assert (steps[np.isfinite(steps)] >= 0).all()
    at_horizon = scored["purchase_probability_30d"]
    np.testing.assert_allclose(at_horizon, 1 - risk, atol=1e-9)
    low, median, high = (scored[f"next_purchase_date_{n}"] for n in ("low", "median", "high"))
    assert ((low <= median) | median.isna()).all()
    assert ((median <= high) | high.isna()).all()
    assert (low.dropna() >= scored["as_of_date"].iloc[0]).all()
    assert scored["reasons"].map(len).between(1, 5).all()
    for reason in scored["reasons"].iloc[0]:
        assert reason["message_key"] == f"reason.{reason['group']}.{reason['direction']}"


def test_the_plan_stands_beside_the_scores_and_keeps_its_gates(finished, scored):
    catalog = load_catalog(finished.release / "actions.yaml")
    allowed = {action.id for action in catalog.actions} | {DO_NOTHING}
    assert set(scored["intended_action"]) <= allowed
    assert scored["intended_action"].nunique() >= 4
    assert set(scored["arm"]) == {"treated", "holdout"}
    assert (
        scored["withheld"]
        == ((scored["arm"] == "holdout") & (scored["intended_action"] != DO_NOTHING))
    ).all()
    for name in ("why", "blocked", "expected_cost", "expected_gain", "effect_source", "expires_at"):
        assert name in scored
    complaining = scored[scored["customer_id"] == COMPLAINER]["blocked"]
    reasons = {entry["reason"] for row in complaining for entry in row}
    assert complaining.empty or "open_complaint" in reasons
    contacted = {f"000{number}" for number in range(20, 40, 2)}  # treated three days ago
    chosen = scored[scored["customer_id"].isin(contacted)]
    assert (chosen["intended_action"] == DO_NOTHING).all()
    plan = json.loads((finished.release / "plan.json").read_text())
    assert plan["budget"]["intended"] <= plan["budget"]["limit"] == 150


def test_a_second_run_runs_only_the_stage_source_and_logs_nothing(copied):
    before, runs = copied.manifest(), copied.parent_runs()
    # What a directory dep must not trip over: byte code that the first run left behind.
    assert list((copied.folder / "features").rglob("*.pyc"))
    (copied.folder / "features" / "__pycache__" / "new.cpython-311.pyc").write_bytes(b"")
    done = copied.dvc("repro")
    assert stages_run(done.text) == ["source"]
    told = copied.run()
    assert told.code == 0
    assert "Nothing changed" in told.text
    assert copied.manifest() == before
    assert copied.parent_runs() == runs == 1


def test_the_same_input_gives_the_same_bytes_in_another_folder(finished, tmp_path, warm):
    twin = new_project(tmp_path / "elsewhere" / "twin", tables(Shop()), warm)
    done = twin.reach("release")
    assert done.code == 0, done.text
    ours, theirs = finished.manifest(), twin.manifest()
    assert [name for name in ours["files"] if ours["files"][name] != theirs["files"][name]] == []
    assert theirs == ours
    snapshots = [
        f"data/snapshots/{path.name}" for path in (twin.folder / "data/snapshots").iterdir()
    ]
    assert len(snapshots) > 5
    for name in (*snapshots, "metrics/churn.json", "metrics/headline.json", "plots/roc.csv"):
        assert (twin.folder / name).read_bytes() == (finished.folder / name).read_bytes(), name


def test_one_changed_cost_changes_a_choice_and_no_risk(copied):
    before = pd.read_parquet(copied.folder / "data" / "plan.parquet").set_index("customer_id")
    scored_before = pd.read_parquet(copied.folder / "data" / "scores.parquet")
    path = copied.folder / "actions.yaml"
    text = path.read_text(encoding="utf-8")
    dear = re.sub(r"(id: owner_phone_call\n(?:.*\n)*?\s+contact_cost:) [\d.]+", r"\1 45.00", text)
    assert dear != text
    path.write_text(dear, encoding="utf-8")
    done = copied.dvc("repro", "plan")
    # The costs are judged with the models too, and the forecast tells the evaluation's backtest;
    # what scores is the same, so nobody's risk changes.
    assert stages_run(done.text) == ["source", "evaluate", "promote", "score", "effects", "plan"]
    scores = pd.read_parquet(copied.folder / "data" / "scores.parquet")
    pd.testing.assert_frame_equal(scores, scored_before)
    after = pd.read_parquet(copied.folder / "data" / "plan.parquet").set_index("customer_id")
    called = before["intended_action"] == "owner_phone_call"
    assert called.any()
    assert not (after["intended_action"] == "owner_phone_call").any()
    assert (after.loc[called, "intended_action"] != DO_NOTHING).any()


def test_an_experiment_is_compared_and_the_way_back_logs_nothing_twice(copied):
    first = copied.manifest()
    # In a temporary folder, which has only what git knows: no raw data, no store, no MLflow.
    changes = ("-S", "model.bands.high=0.7", "-S", "model.churn.num_leaves=4")
    done = copied.dvc("exp", "run", "--temp", "-n", "narrow-band", *changes)
    assert done.code == 0, done.text
    assert f"taken from {copied.folder.resolve()}: store, mydata" in done.text
    assert stages_run(done.text) == [
        "source",
        "train",
        "evaluate",
        "promote",
        "score",
        "effects",
        "plan",
        "release",
        "monitor",
        "track",
    ]
    assert copied.manifest() == first  # the working copy is as it was, the record is the project's
    assert copied.parent_runs() == 2
    name = run_names(copied)[-1]
    assert name.startswith("narrow-band · AUC .") and name.endswith("2024-10-27")
    applied = copied.dvc("exp", "apply", "narrow-band")
    assert applied.code == 0, applied.text
    decided = json.loads((copied.folder / "reports" / "promotion.json").read_text())
    assert decided["champion"] == first["model_version"]  # compared with the published one
    cards = pd.read_parquet(copied.release / "cards.parquet")
    assert cards.loc[cards["risk_band"] == "high", "churn_risk"].min() >= 0.7
    assert copied.manifest() != first
    difference = json.loads(copied.dvc("metrics", "diff", "--json").text)
    assert list(difference) == ["metrics/headline.json"]
    assert "auc" in difference["metrics/headline.json"]
    assert len(copied.dvc("metrics", "diff", "--all").text.splitlines()) < 30

    drawn = copied.dvc("plots", "show", "--out", "drawn")
    assert drawn.code == 0, drawn.text
    page = (copied.folder / "drawn" / "index.html").read_text(encoding="utf-8")
    for title in ("ROC", "Precision and recall", "Gains", "Calibration", "Feature importance"):
        assert title in page

    copied.git("checkout", "-q", "params.yaml")
    back = copied.dvc("repro")
    assert back.code == 0, back.text
    assert "train" not in stages_run(back.text)  # known, so taken from DVC's run cache
    assert "track" in stages_run(back.text)  # which must not happen to the log
    assert "MLflow has this content already" in back.text
    assert copied.parent_runs() == 2
    assert copied.manifest() == first


def test_without_git_it_says_so_in_a_sentence(finished, tmp_path):
    shutil.copytree(
        finished.folder, tmp_path / "bare", ignore=shutil.ignore_patterns(".git", "data")
    )
    done = type(finished)(tmp_path / "bare").run()
    assert done.code == 1
    assert "EnvironmentProblem: This folder is not a git repository" in done.text
    assert "git init" in done.text
    assert "Traceback" not in done.text
