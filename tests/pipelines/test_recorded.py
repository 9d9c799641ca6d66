"""MLflow is told what was fitted, and not what params.yaml asked for."""

import numpy as np
import pytest
import yaml

from models.fitted import baseline_settings, fitted
from models.params import EnsembleParams
from models.trees.boosting import (
    Recipe,
    Rows,
    load_booster,
    save_booster,
    settings_of,
    train_booster,
)
from pipelines.tracking.recorded import (
    models_judged,
    note,
    params_as_fitted,
    run_name,
    trials_of,
)
from tests.pipelines.code import ROOT
from tests.snapshots import timeline, trained

ASKED = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
MANIFEST = {"as_of_date": "2017-12-18", "horizon_days": 28, "release_id": "2017-12-18-abc"}
CHURN = {
    "bg_nbd": {"auc": 0.7, "brier": 0.2},
    "ours": {"auc": 0.86, "brier": 0.1},
    "grade": "A",
    "auc_gain_over_best_rule": {"value": 0.1},
}


def plan():
    return timeline().to_json()


def test_settings_are_read_off_the_saved_trees(tmp_path):
    settings = EnsembleParams.model_validate(
        ASKED["model"]["churn"]
        | {"num_leaves": 16, "min_data_in_leaf": 5, "feature_fraction": 0.66, "lambda_l2": 3}
    )
    rng = np.random.default_rng(0)
    rows = Rows(rng.random((200, 3)), (rng.random(200) < 0.5).astype(float))
    booster = train_booster(Recipe("binary", settings, 1, 1), ["a", "b", "c"], rows, 2)
    save_booster(booster, tmp_path / "one.txt")
    found = settings_of(load_booster(tmp_path / "one.txt"), EnsembleParams)
    assert found == {
        name: getattr(settings, name)
        for name in EnsembleParams.model_fields
        if name not in ("max_rounds", "early_stopping_rounds", "members", "random_members")
        and name != "linear_weight"
    }


@pytest.mark.xdist_group("trained")
def test_what_was_trained_takes_the_place_of_what_was_asked_for():
    made = fitted(trained().served, None)
    asked = ASKED | {
        "model": ASKED["model"] | {"churn": ASKED["model"]["churn"] | {"num_leaves": 99}}
    }
    told = params_as_fitted(asked, made, plan(), 0.3)
    churn = told["model"]["churn"]
    booster = trained().served.churn.boosters[0]
    assert churn["num_leaves"] == booster.params["num_leaves"] != 99
    assert churn["rounds"] == booster.current_iteration()
    assert churn["features"] == len(trained().served.churn.features)
    assert churn["members"] == len(trained().served.churn.boosters)
    assert churn["linear_weight"] == trained().served.churn.linear_weight > 0
    assert churn["max_rounds"] == ASKED["model"]["churn"]["max_rounds"]
    assert told["model"]["value"]["rounds.orders"] > 0
    assert told["model"]["next_categories"] == {}  # none were fitted
    assert told["actions"]["holdout_share"] == 0.3
    assert asked["model"]["churn"]["num_leaves"] == 99  # what was given stays as it is


def test_auto_gives_way_to_what_was_chosen():
    chosen = plan() | {
        "value_horizon_days": 56,
        "choices": [
            {"key": "timeline.snapshots", "value": 7, "why": ""},
            {"key": "timeline.score_as_of", "value": 17533, "why": ""},
        ],
    }
    told = params_as_fitted(ASKED, {}, chosen, None)
    assert told["timeline"]["snapshots"] == 7
    assert told["timeline"]["score_as_of"] == "2018-01-02"
    assert told["task"]["value_horizon_days"] == 56
    assert told["model"]["churn"] == {}  # a rule scores: no settings of trees were used
    assert told["actions"]["holdout_share"] == ASKED["actions"]["holdout_share"]


def test_a_run_has_a_name_that_a_person_reads():
    assert run_name(MANIFEST, CHURN, "brave-hare") == "brave-hare · AUC .860 · 28 days · 2017-12-18"
    assert run_name(MANIFEST, {}, None) == "not judged · 28 days · 2017-12-18"


def test_its_description_says_what_it_was_and_how_good():
    facts = {
        "source": "folder mydata",
        "manifest": MANIFEST,
        "timeline": {"test": ["2017-11-20"]},
        "churn": CHURN,
        "promotion": {"promoted": False, "why": "log loss is worse"},
        "trials": [{"num_leaves": 16, "log_loss": 0.3}],
        "experiment": "brave-hare",
    }
    told = note(facts)
    for said in ("folder mydata", "AUC **0.860** (BG/NBD 0.700), grade A", "2017-11-20"):
        assert said in told
    for said in ("goes on scoring: log loss is worse.", "the best of 1 tried", "`brave-hare`"):
        assert said in told
    bare = note(facts | {"churn": {}, "trials": [], "experiment": None})
    assert "No outcome has judged" in bare and "tried" not in bare and "DVC" not in bare


def test_each_trial_is_a_child_run_with_its_settings_and_its_loss():
    (child,) = trials_of([{"num_leaves": 16, "lambda_l2": 3.5, "log_loss": 0.30467}])
    assert child.name == "trial 1 · log loss .3047" and child.kind == "trial"
    assert child.params == {"model.churn.num_leaves": 16, "model.churn.lambda_l2": 3.5}
    assert child.metrics == {"log_loss_of_search": 0.30467}


@pytest.mark.xdist_group("trained")
def test_each_baseline_is_a_child_run_with_what_it_has_learned():
    learned = baseline_settings(trained().baselines)
    ours, bg_nbd = models_judged(CHURN, {"ours": {"rounds": 3}, **learned})
    assert (ours.name, bg_nbd.name) == ("Regulars · AUC .860", "BG/NBD · AUC .700")
    assert ours.params == {"rounds": 3}
    assert bg_nbd.params["alpha"] == trained().baselines.orders.bg_nbd.alpha
    assert bg_nbd.metrics == CHURN["bg_nbd"]
    assert "buy-till-you-die" in bg_nbd.tags["mlflow.note.content"]
    assert learned["rfm_logistic"]["coefficient.orders_total"]
