"""Below the data gates: a rule ranks and says how far a model is, or the champion goes on."""

import json

import pandas as pd
import pytest

from benchmarks.zoo.company import write as write_company
from benchmarks.zoo.recipe import Recipe
from benchmarks.zoo.road import lay_out, run_road
from benchmarks.zoo.walk import company_of
from serving.store.database import open_store
from serving.store.reading import current
from tests.pipelines.project import new_project
from tests.synthetic import Shop, tables

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("other_runs")]

TOLD = ("purchase_probability", "next_purchase_date", "value_at_risk", "expected_value")


def release_of(project):
    engine = open_store(f"sqlite:///{project.folder}/store/regulars.sqlite3")
    found = current(engine)
    engine.dispose()
    return found


def needs(gate):
    return {need["what"]: (need["have"], need["need"]) for need in gate}


def test_a_first_run_on_a_short_history_is_estimated_unjudged_and_says_what_would_judge_it(
    tmp_path,
    warm,
):
    project = new_project(tmp_path / "short", tables(Shop(days=55)), warm)
    done = project.run()
    assert done.code == 0, done.text
    assert "Rung 6 of 7: not judged" in done.text
    assert "Traceback" not in done.text
    assert "make serve" in done.text and "dvc plots" not in done.text
    manifest = project.manifest()
    assert (manifest["gate"], manifest["ladder"]["rung"]) == (None, 6)
    have, need = needs(manifest["ladder"]["needs"])["history_days"]
    assert have < 55 < need
    assert f"{have} days of history, needed {need}" in done.text
    assert manifest["promotion"]["outcome"] == "unjudged"
    cards = pd.read_parquet(project.release / "cards.parquet")
    scored = cards[cards["status"] == "scored"]
    assert len(scored) > 200
    assert set(cards["rung"]) == {6}
    assert sorted(scored["risk_rank"]) == list(range(1, len(scored) + 1))
    assert scored["churn_risk"].between(0, 1).all()
    card = (project.release / "reports" / "model_card.md").read_text(encoding="utf-8")
    assert "No outcome has judged them" in card
    published = release_of(project)
    assert published.quality is published.gate is None
    assert published.ladder.rung == 6
    assert not (project.folder / "store" / "champion").exists()
    assert project.parent_runs() == 1
    assert project.up_to_date()
    # With enough history a judged model takes its place.
    project.give(tables(Shop()))
    done = project.reach("release")
    assert done.code == 0, done.text
    assert project.manifest()["ladder"]["rung"] < 5
    assert project.manifest()["promotion"]["outcome"] == "first"
    assert project.python("-m", "pipelines.publish").code == 0
    assert release_of(project).quality is not None


def test_where_nobody_bought_on_two_days_a_rule_ranks_and_claims_nothing(tmp_path, warm):
    given = tables(Shop(days=55))
    orders = given["orders"].drop_duplicates("customer_id")
    project = new_project(tmp_path / "once", {"orders": orders}, warm)
    done = project.reach("monitor")
    assert done.code == 0, done.text
    assert project.python("-m", "pipelines.publish").code == 0
    told = project.python("-m", "pipelines.summary").text
    assert "No model yet: the data is below the gates" in told
    manifest = project.manifest()
    assert (manifest["ladder"]["rung"], manifest["promotion"]["outcome"]) == (7, "rule")
    assert needs(manifest["gate"]["distance"])["history_days"]
    cards = pd.read_parquet(project.release / "cards.parquet")
    assert set(cards["status"]) <= {"rule", "insufficient_data", "already_churned"}
    assert cards["churn_risk"].isna().all()
    assert not [name for name in cards.columns if name.startswith(TOLD)]
    assert cards["intended_action"].isna().all()
    published = release_of(project)
    assert published.quality is None
    assert published.gate is not None


def test_subscribers_who_bought_once_each_have_no_rhythm_and_a_rule_ranks(tmp_path):
    company = company_of(
        Recipe(
            seed=10,
            customers=100,
            days=60,
            buyers="once",
            subscriptions="beside",
            churn="cancellation",
            horizon=7,
            step=14,
            snapshots=1,
        )
    )
    lay_out(tmp_path, company.params)
    write_company(company, tmp_path / "inbox")
    ended = run_road(tmp_path)
    assert ended.through, ended.error + ended.crash
    manifest = json.loads((ended.release / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["ladder"]["rung"] == 7
    assert manifest["ladder"]["why"] == "nobody bought on two different days"


def test_a_history_cut_short_leaves_the_champion_scoring_with_its_own_value_horizon(copied):
    before = copied.manifest()
    assert before["value_horizon_days"] > before["horizon_days"]
    cut = tables(Shop())
    for name in ("orders", "events"):
        when = pd.to_datetime(cut[name]["event_time"], utc=True, format="mixed")
        # A day less than a date with an outcome asks for; enough for the champion's features.
        days = (when.max().floor("D") - when.dt.floor("D")).dt.days
        cut[name] = cut[name][days < 60]
    copied.give(cut)
    done = copied.reach("monitor")
    assert done.code == 0, done.text
    assert "the champion stays: no new ones could be judged. The " in done.text
    after = copied.manifest()
    assert after["model_version"] == before["model_version"]
    assert after["value_horizon_days"] == before["value_horizon_days"]
    cards = pd.read_parquet(copied.release / "cards.parquet")
    assert set(cards["value_horizon_days"]) == {before["value_horizon_days"]}
    # No outcome has closed in what is left, so nothing is known of how far it has drifted.
    told = json.loads((copied.folder / "metrics" / "monitor.json").read_text(encoding="utf-8"))
    assert "score_psi" not in told


def test_too_few_customers_for_trees_leave_the_champion_scoring_unless_the_new_are_no_worse(copied):
    before = copied.manifest()
    copied.change(model={"gates": {"min_customers": 5000}})
    done = copied.reach("release")
    assert done.code == 0, done.text
    assert "rung 5 of 7: too little data for trees" in done.text
    after = copied.manifest()
    assert after["gate"] is None
    kept = after["model_version"] == before["model_version"]
    assert kept == (after["promotion"]["outcome"] == "refused")
    assert (
        after["ladder"]["rung"] == (before if kept else {"ladder": {"rung": 5}})["ladder"]["rung"]
    )
    was = json.loads((copied.release / "reports" / "evaluation.json").read_text(encoding="utf-8"))
    assert "churn" in was
    cards = pd.read_parquet(copied.release / "cards.parquet")
    assert set(cards["status"]) == {"scored", "already_churned"}
