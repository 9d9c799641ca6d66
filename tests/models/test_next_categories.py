import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from core.errors import ArtifactError, DataGateError
from features.history.category_history import Categories
from models.next_purchase.candidates import pairs_of
from models.next_purchase.what import (
    LIST_LENGTH,
    NextCategoriesModel,
    fit_next_categories,
    refit_next_categories,
    shown,
)
from tests.models.pairs import DATES, FEATURES, only, shop, split
from tests.snapshots import category_params, model_params

PAIRS = pairs_of(FEATURES, category_params().most_popular)


@pytest.fixture(scope="module")
def world():
    return shop()


@pytest.fixture(scope="module")
def model(world):
    return fitted(world)


def fitted(world, churn="lapse", **changes):
    rows, categories = world
    train, valid, _ = split(rows)
    params = model_params(next_categories=category_params(**changes))
    return fit_next_categories(train, valid, categories, PAIRS, params, churn)


@pytest.fixture(scope="module")
def test(world):
    return split(world[0])[2]


def told(model, world, test, risk=None):
    risk = np.zeros(len(test)) if risk is None else risk
    return model.probabilities(test, only(world[1], DATES[-1]), risk)


def content(model, folder):
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_probabilities_come_true_and_know_the_own_rhythm(world, model, test):
    pairs = told(model, world, test)
    stayed = (test["churned"] == 0).to_numpy()[pairs["row"]]
    happened = world[1].outcomes
    happened = happened[happened["as_of_date"] == DATES[-1]].astype(
        {"customer_id": "str", "category": "str"}
    )
    key = set(zip(happened["customer_id"], happened["category"], strict=True))
    who = test["customer_id"].to_numpy()[pairs["row"]]
    y = np.array([pair in key for pair in zip(who, pairs["category"], strict=True)])
    assert y[stayed].sum() / pairs["probability"][stayed].sum() == pytest.approx(1, abs=0.06)
    likely = stayed & (pairs["probability"] > 0.8).to_numpy()
    unlikely = stayed & (pairs["probability"] < 0.2).to_numpy()
    assert y[likely].mean() > 0.8 > 0.25 > y[unlikely].mean()
    assert likely.sum() > 100 and unlikely.sum() > 100


def test_no_category_is_likelier_than_a_purchase(world, model, test):
    risk = np.linspace(0, 1, len(test))
    free, pairs = told(model, world, test), told(model, world, test, risk)
    assert (pairs["probability"] <= 1 - risk[pairs["row"]]).all()
    both = free.merge(pairs, on=["row", "category"], suffixes=("", "_told"))
    assert len(both) == len(free)
    expected = both["probability"] * (1 - risk[both["row"]])
    assert np.allclose(both["probability_told"], expected, rtol=1e-12)


@pytest.mark.slow
def test_who_leaves_may_buy_before_a_cancellation(world, test):
    other = fitted(world, churn="cancellation")
    assert_frame_equal(told(other, world, test), told(other, world, test, np.ones(len(test))))
    everybody = told(other, world, test)["probability"].sum()
    assert everybody < told(fitted(world), world, test)["probability"].sum()


@pytest.mark.slow
def test_the_lists_are_the_likeliest_of_their_kind(world, model, test):
    pairs = told(model, world, test)
    assert pairs["row"].is_monotonic_increasing
    lists = model.predict(test, only(world[1], DATES[-1]), np.zeros(len(test)))
    history = only(world[1], DATES[-1]).astype({"customer_id": "str", "category": "str"})
    recent = history[history["bought_90d"] > 0].groupby("customer_id")["category"].agg(set)
    fewer = 0
    for row, who in enumerate(test["customer_id"]):
        own = pairs[pairs["row"] == row]
        for name, left in (
            ("any", own),
            ("new", own[~own["category"].isin(recent.get(who, set()))]),
        ):
            listed = lists[f"next_categories_{name}"][row]
            best = sorted(zip(-left["probability"], left["category"], strict=True))[:LIST_LENGTH]
            expected = [{"category": c, "probability": -p} for p, c in best]
            assert listed == expected
            fewer += len(listed) < LIST_LENGTH
    assert fewer > 0  # some bought nearly everything


@pytest.mark.slow
def test_rows_keep_their_place_whatever_their_index_and_their_number(
    world, model, test, monkeypatch
):
    history, risk = only(world[1], DATES[-1]), np.linspace(0, 0.9, len(test))
    whole = model.predict(test, history, risk)
    shuffled = test.sample(frac=1, random_state=2)
    again = model.predict(shuffled, history, risk[shuffled.index])
    assert_frame_equal(again.sort_index(), whole)
    monkeypatch.setattr("models.next_purchase.what.AT_ONCE", 17)
    assert_frame_equal(model.predict(test, history, risk), whole)


def test_nobody_and_nothing_known_give_empty_lists(world, model, test):
    nothing = world[1].history.iloc[:0]
    lists = model.predict(test.head(2), nothing, np.zeros(2))
    assert lists["next_categories_any"].tolist() == [[], []]
    nobody = model.predict(test.iloc[:0], only(world[1], DATES[-1]), np.zeros(0))
    assert nobody.empty and len(nobody.columns) == 2


def test_what_is_saved_says_the_same_and_the_same_rows_give_the_same_bytes(
    world, model, test, tmp_path
):
    written = content(model, tmp_path / "one")
    assert written == content(fitted(world), tmp_path / "two")
    loaded = NextCategoriesModel.load(tmp_path / "one")
    assert written == content(loaded, tmp_path / "three")
    assert_frame_equal(told(loaded, world, test), told(model, world, test), check_exact=True)
    assert NextCategoriesModel.load(tmp_path / "nothing") is None
    (tmp_path / "one" / "next_categories.txt").unlink()
    with pytest.raises(ArtifactError, match=r"next_categories\.txt"):
        NextCategoriesModel.load(tmp_path / "one")


@pytest.mark.slow
def test_outcomes_that_are_not_known_teach_nothing(world, tmp_path):
    rows, categories = world
    train, valid, test = split(rows)
    params = model_params()
    open_rows = test.assign(outcome_known=False, churned=np.nan)
    plain = fit_next_categories(train, valid, categories, PAIRS, params)
    more = pd.concat([train, open_rows], ignore_index=True)
    with_open = fit_next_categories(more, valid, categories, PAIRS, params)
    assert content(plain, tmp_path / "a") == content(with_open, tmp_path / "b")


@pytest.mark.slow
def test_a_lapse_teaches_nothing_of_what_is_bought(world, tmp_path):
    rows, categories = world
    train, valid, _ = split(rows)
    left = train["churned"] == 1
    assert left.sum() > 20
    params = model_params()
    models = [
        fit_next_categories(part, valid, categories, PAIRS, params)
        for part in (train, train[~left])
    ]
    assert content(models[0], tmp_path / "a") == content(models[1], tmp_path / "b")


def test_a_refit_has_as_many_trees_and_learns_from_its_rows(world, model, test, tmp_path):
    rows, categories = world
    again = refit_next_categories(model, rows, categories, model_params())
    assert again.rounds == model.rounds
    assert again.pairs == model.pairs
    assert not told(again, world, test).equals(told(model, world, test))


def test_no_more_pairs_are_learned_from_than_asked_for(world, monkeypatch):
    seen = []
    whole = NextCategoriesModel.__module__ + ".train_booster"
    monkeypatch.setattr(whole, lambda recipe, names, rows, stop: seen.append((rows, stop)))
    fitted(world, most_pairs=1_500)
    ((rows, stop),) = seen
    assert 700 < len(rows.target) <= 1_500
    assert 700 < len(stop.target) <= 1_500


def test_nothing_bought_and_everything_bought_are_refused(world):
    rows, categories = world
    train, valid, _ = split(rows)
    nothing = Categories(categories.history, categories.outcomes.iloc[:0])
    with pytest.raises(DataGateError, match="0 were bought"):
        fit_next_categories(train, valid, nothing, PAIRS, model_params())


def test_shown_are_three_of_each_kind(world, model, test):
    pairs = told(model, world, test)
    for name in ("new", "any"):
        assert shown(pairs, name).groupby("row").size().max() == LIST_LENGTH
    assert shown(pairs, "new")["is_new"].all() and not shown(pairs, "any")["is_new"].all()
