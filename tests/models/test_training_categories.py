"""The model of the next categories is trained on the dates that the others are."""

import pandas as pd

import models.training.categories
from features.timeline import day_of
from models.next_purchase.candidates import pairs_of
from models.training.categories import train_categories
from tests.models.test_candidates import tables
from tests.snapshots import HORIZON, model_params, simulate, timeline


def latest_outcome(rows):
    """The last day that a known outcome of these rows depends on."""
    known = rows[rows["outcome_known"]]
    assert len(known) and known["churned"].notna().all()
    return day_of((known["as_of_date"].max() + pd.Timedelta(days=HORIZON)).date())


def test_nothing_is_learned_from_after_the_split_date(monkeypatch):
    seen, asked = {}, []

    def fit(train, valid, categories, pairs, params, churn):
        seen.update(train=train, valid=valid, pairs=pairs, churn=churn)
        return "chosen"

    def refit(model, rows, categories, params):
        assert model == "chosen"
        asked.append(rows)
        return len(asked)

    monkeypatch.setattr(models.training.categories, "fit_next_categories", fit)
    monkeypatch.setattr(models.training.categories, "refit_next_categories", refit)
    plan, rows = timeline(), simulate(customers=120)
    features = ["categories_90d", "orders_90d"]
    trained = train_categories(rows, tables(), plan, features, model_params())
    assert seen["churn"] == plan.churn
    assert seen["pairs"] == pairs_of(features, model_params().next_categories.most_popular)
    assert latest_outcome(seen["train"]) <= plan.validation[0]
    assert latest_outcome(seen["valid"]) <= plan.test[0]
    assert (trained.evaluated, trained.served) == (1, 2)
    evaluated, served = asked
    assert latest_outcome(evaluated) <= plan.test[0] < latest_outcome(served) <= plan.data_until
    assert evaluated["outcome_known"].all() and served["outcome_known"].all()
