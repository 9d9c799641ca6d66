from functools import cache

import numpy as np
import pytest

from features.snapshot import group_of
from models.churn.fitting import fit_churn
from models.fitted import fitted
from models.params import EnsembleParams
from models.training.models import search_settings, train_all
from models.training.until import Until
from models.trees.search import SPACE, origins, search
from tests.snapshots import FEATURES, HORIZON, model_params, simulate, timeline

PLAN = timeline()


@cache
def rows():
    return simulate(customers=500, seed=3)


def searched(trials, snapshots=None, **changes):
    until = Until(rows() if snapshots is None else snapshots, PLAN)
    return search_settings(until, FEATURES, model_params(search_trials=trials, **changes))


def test_folds_stand_a_horizon_apart_on_what_had_closed_by_then():
    train = tuple(range(100, 240, 14))
    found = origins(train, 28)
    assert [origin for origin, _ in found] == [226, 198, 170]
    for origin, past in found:
        assert past == tuple(day for day in train if day + 28 <= origin)
    assert origins(train[:3], 28) == []  # nothing, or one date, had closed by each


def test_nothing_is_tried_where_nothing_is_asked_for():
    found = searched(0)
    assert found.settings == model_params().churn
    assert found.trials == ()


@pytest.mark.slow
def test_the_first_trial_is_what_was_set_and_the_best_is_taken():
    found = searched(4)
    usual = model_params().churn
    assert len(found.trials) == 4
    assert {name: found.trials[0][name] for name in SPACE} == {
        name: getattr(usual, name) for name in SPACE
    }
    best = min(found.trials, key=lambda trial: trial["log_loss"])
    assert found.settings == EnsembleParams(
        **{**usual.model_dump(), **{name: best[name] for name in SPACE}}
    )


@pytest.mark.slow
def test_the_same_rows_give_the_same_settings():
    assert searched(3) == searched(3)


@pytest.mark.slow
def test_validation_and_test_dates_are_never_looked_at():
    changed = rows().copy()
    later = ~changed["as_of_date"].isin(
        changed["as_of_date"].drop_duplicates().nsmallest(len(PLAN.train))
    )
    rng = np.random.default_rng(1)
    for name in (*FEATURES, "churned"):
        changed.loc[later, name] = rng.permutation(changed.loc[later, name].to_numpy())
    assert searched(3, changed) == searched(3)


@pytest.mark.slow
def test_a_better_setting_than_a_bad_one_is_found_and_trained_with():
    bad = model_params().churn.model_copy(update={"min_data_in_leaf": 5000})
    found = searched(5, churn=bad)
    assert found.settings.min_data_in_leaf < 5000
    losses = [trial["log_loss"] for trial in found.trials]
    assert min(losses) < losses[0]
    made = train_all(
        rows(), PLAN, FEATURES, group_of(FEATURES), model_params(search_trials=5, churn=bad)
    )
    assert made.search == found
    told = fitted(made.served, None)["churn"]
    assert {name: told[name] for name in SPACE} == {
        name: getattr(found.settings, name) for name in SPACE
    }
    until = Until(rows(), PLAN)
    alone = fit_churn(
        until.rows(PLAN.validation[0], PLAN.train),
        until.rows(PLAN.test[0], PLAN.validation),
        FEATURES,
        model_params(churn=found.settings),
    )
    assert made.evaluated.churn.rounds == alone.rounds


def test_too_few_training_dates_are_said_and_the_settings_stay():
    said = []
    params = model_params(search_trials=3)
    found = search(
        Until(rows(), PLAN).rows,
        PLAN.train[:1],
        HORIZON,
        PLAN.validation[0],
        FEATURES,
        params,
        said.append,
    )
    assert found.settings == params.churn
    assert "too few training dates" in said[0]
