"""Who scores after a run: worse models are trained, told and logged, and do not score."""

import json
import sqlite3

import pandas as pd
import pytest

from tests.pipelines.test_end_to_end import stages_run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("other_runs")]

WORSE = {"churn": {"learning_rate": 0.001, "max_rounds": 1}}


def champion(project):
    with sqlite3.connect(project.folder / "mlflow.db") as store:
        query = """SELECT a.name, t.value FROM registered_model_aliases a
                   JOIN model_versions v ON v.name = a.name AND v.version = a.version
                   JOIN tags t ON t.run_uuid = v.run_id AND t.key = 'model_version'"""
        return dict(store.execute(query).fetchall())


def tags(project, model_version):
    with sqlite3.connect(project.folder / "mlflow.db") as store:
        query = """SELECT key, value FROM tags WHERE run_uuid IN
                   (SELECT run_uuid FROM tags WHERE key = 'model_version' AND value = ?)"""
        return dict(store.execute(query, [model_version]).fetchall())


def test_the_first_models_are_promoted_and_kept_where_the_next_run_finds_them(finished):
    manifest = finished.manifest()
    assert manifest["promotion"]["outcome"] == "first"
    assert manifest["promotion"]["challenger"] == manifest["model_version"]
    kept = finished.folder / "store" / "champion" / "models" / "manifest.json"
    assert json.loads(kept.read_text())["learned_until"] == manifest["data_until"]
    assert set(champion(finished).values()) == {manifest["model_version"]}


def test_a_worse_challenger_is_refused_and_the_champion_goes_on_scoring(copied):
    before = copied.manifest()
    cards = pd.read_parquet(copied.release / "cards.parquet")
    copied.change(model=WORSE)
    done = copied.run()
    assert done.code == 0, done.text
    assert "the champion stays: log loss may be +" in done.text
    after = copied.manifest()
    decision = after["promotion"]
    assert (decision["promoted"], decision["outcome"]) == (False, "refused")
    assert decision["figures"]["difference"]["high"] >= 0.002
    assert after["model_version"] == before["model_version"] == decision["champion"]
    again = pd.read_parquet(copied.release / "cards.parquet")
    pd.testing.assert_frame_equal(again, cards)
    card = (copied.release / "reports" / "model_card.md").read_text(encoding="utf-8")
    assert f"Evaluated models {_evaluated(copied)}" in card
    assert not [name for name in after["files"] if "former" in name]
    assert f"({before['model_version']}) go on scoring" in card
    assert set(champion(copied).values()) == {before["model_version"]}
    logged = tags(copied, decision["challenger"])
    assert (logged["promotion"], logged["champion_version"]) == ("refused", after["model_version"])
    assert copied.parent_runs() == 2
    assert copied.up_to_date()
    copied.change(model={"replace_champion": "always"})
    done = copied.run()
    assert done.code == 0, done.text
    forced = copied.manifest()
    assert forced["promotion"]["outcome"] == "forced"
    assert forced["model_version"] == decision["challenger"]
    assert set(champion(copied).values()) == {forced["model_version"]}
    # The setting is needed once: its models are the champion now, whatever was decided before.
    copied.change(model={"replace_champion": "if_not_worse"})
    done = copied.dvc("repro", "promote")
    assert done.code == 0, done.text
    assert "the models that score already, trained again" in done.text
    assert copied.manifest() == forced
    # Gone back to, the models that scored before do so again, in the release that they had.
    copied.git("checkout", "params.yaml", "dvc.lock", "metrics", "plots")
    done = copied.run()
    assert done.code == 0, done.text
    assert "the new models take over: they scored before" in done.text
    assert copied.manifest() == before
    assert f"release {before['release_id']} brought back" in done.text


def _evaluated(project):
    report = project.folder / "store" / "champion" / "reports" / "evaluation.json"
    return json.loads(report.read_text(encoding="utf-8"))["versions"]["evaluated"]


def test_another_champion_alone_reruns_nothing(copied):
    (copied.folder / "store" / "champion").rename(copied.folder / "store" / "away")
    done = copied.run()
    assert done.code == 0, done.text
    assert stages_run(done.text) == ["source"]
    assert "Nothing changed" in done.text
    assert (copied.folder / "store" / "champion" / "models" / "manifest.json").exists()
