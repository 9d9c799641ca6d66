"""Who of the lapsed comes back by himself, in a company of which that is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.history.periods import PurchaseDays
from models.cards.whole import whole
from models.judging.coming_back import evaluate_coming_back
from models.probability.calibration import fold_of
from models.simple.logistic import Logistic
from models.win_back.coming_back import COLUMNS, ComingBack
from models.win_back.lapsed import bought_after, lapsed_at
from tests.models.amounts_of import params
from tests.models.lapsed_company import (
    ACTIVE,
    END,
    HORIZON,
    START,
    TEST,
    VALUE_DAYS,
    company,
    fitted,
    plan,
    returning,
    rhythm_at,
)


@pytest.fixture(scope="module")
def drawn():
    return company()


@pytest.fixture(scope="module")
def purchases(drawn):
    return drawn[0]


@pytest.fixture(scope="module")
def rhythm(purchases):
    return rhythm_at(purchases)


@pytest.fixture(scope="module")
def model(purchases, rhythm):
    return fitted(purchases, plan(), rhythm)


@pytest.fixture(scope="module")
def lapsed(purchases):
    return lapsed_at(purchases, TEST, ACTIVE)


def test_as_many_come_back_as_told_among_the_likely_and_the_unlikely(drawn, model, lapsed):
    told = model.predict(lapsed, TEST)["return_probability"].to_numpy()
    truth = returning(drawn[1], lapsed.index, TEST)
    assert told.mean() == pytest.approx(truth.mean(), rel=0.2)
    third = np.quantile(told, [1 / 3, 2 / 3])
    low, high = truth[told < third[0]].mean(), truth[told > third[1]].mean()
    assert told[told < third[0]].mean() == pytest.approx(low, abs=0.02)
    assert told[told > third[1]].mean() == pytest.approx(high, abs=0.02)
    assert high > 2 * low


def test_what_they_bring_is_what_such_a_return_brings(purchases, model, lapsed):
    told = model.predict(lapsed, TEST)
    after = bought_after(PurchaseDays.of(purchases), TEST, lapsed, plan().windows)
    back = after[f"orders_{HORIZON}"] > 0
    brought = after[f"spend_{VALUE_DAYS}"]
    assert told["value_if_returns"].mean() == pytest.approx(brought[back].mean(), rel=0.15)
    assert told["value_if_stays_away"].mean() == pytest.approx(brought[~back].mean(), abs=1.0)
    assert (told["value_if_stays_away"] < told["value_if_returns"]).all()


def test_whoever_has_been_silent_longer_is_never_likelier_to_come_back(model):
    silence = np.arange(ACTIVE + 1, 500, 7, dtype=np.float64)
    for frequency, recency in ((0.0, 0.0), (2.0, 90.0), (6.0, 90.0)):
        row = {"frequency": frequency, "orders_total": frequency + 1, "amount_total": 300.0}
        rows = pd.DataFrame(row | {"T": silence + recency, "recency": recency})
        told = model.predict(rows, TEST)["return_probability"].to_numpy()
        assert (np.diff(told) <= 0).all() and told[-1] < told[0]


def test_a_coefficient_of_the_wrong_sign_is_none_and_the_others_are_those_without_it():
    rng = np.random.default_rng(1)
    inputs = pd.DataFrame(rng.normal(size=(400, 2)), columns=["silence", "spent"])
    odds = inputs["silence"] + 0.5 * inputs["spent"]
    back = (rng.random(400) < 1 / (1 + np.exp(-odds))).astype(np.float64).to_numpy()
    bound = Logistic.fit(inputs, back, 10.0, {"silence": -1, "spent": 1})
    alone = Logistic.fit(inputs[["spent"]], back, 10.0)
    assert bound.coefficient["silence"] == 0
    assert bound.coefficient["spent"] == pytest.approx(alone.coefficient["spent"], rel=1e-6)
    assert Logistic.fit(inputs, back, 10.0).coefficient["silence"] > 0


def test_nothing_that_happened_later_is_learned_from(purchases, rhythm, model):
    known = purchases[purchases["event_day"] < pd.Timestamp(TEST, unit="D")]
    assert fitted(known, plan(), rhythm) == model


def test_a_model_that_was_kept_is_the_same_model(model, lapsed, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    model.save(tmp_path / "one")
    kept = ComingBack.load(tmp_path / "one")
    pd.testing.assert_frame_equal(kept.predict(lapsed, TEST), model.predict(lapsed, TEST))
    kept.save(tmp_path / "two")
    one, two = ((tmp_path / f / "win_back.json").read_bytes() for f in ("one", "two"))
    assert one == two
    assert ComingBack.load(tmp_path) is None


def test_where_too_little_is_known_nothing_is_told(purchases, rhythm, model):
    assert fitted(purchases, plan(churn="cancellation"), rhythm) is None
    assert fitted(purchases, plan(), rhythm, until=START + 190) is None  # no outcome has closed
    few = purchases[purchases["customer_id"] < "c0040"]
    assert fitted(few, plan(), rhythm) is None
    short = plan(train=plan().train[-2:])
    assert fitted(purchases.drop(columns="amount"), short, rhythm).brought is None
    longer = replace(short, value_horizon_days=365, extrapolated_from=VALUE_DAYS)
    assert fitted(purchases, longer, rhythm).brought is None and model.brought is not None


def test_a_later_date_judges_it_beside_rhythm_and_silence(purchases, model):
    found = evaluate_coming_back(purchases, plan(), ((model,), (model,)), params())
    assert set(found["models"]) == {"ours", "rhythm", "silence"}
    assert set(found["models"]["silence"]) == {"auc"}
    ratio = found["models"]["ours"]["observed_over_expected"]
    assert ratio["low"] < 1 < ratio["high"]
    assert found["gains"]["silence"]["auc"]["low"] > 0
    assert found["gains"]["rhythm"]["log_loss"]["value"] < 0.002
    error = found["values"]["value_if_returns"]["models"]["ours"]["total_error"]
    assert abs(error["value"]) < 0.25
    lapsed = lapsed_at(purchases, TEST, ACTIVE)
    after = bought_after(PurchaseDays.of(purchases), TEST, lapsed, plan().windows)
    assert found["returned"] == (after[f"orders_{HORIZON}"] > 0).sum()
    assert found["rows"] == len(lapsed)


def test_a_model_that_promises_twice_as_many_is_found_out(purchases, model):
    odds = replace(model.regression, intercept=model.regression.intercept + 1)
    proud = replace(model, regression=odds)
    found = evaluate_coming_back(purchases, plan(), ((proud,), (proud,)), params())
    assert found["models"]["ours"]["observed_over_expected"]["high"] < 0.85


def test_models_of_folds_judge_the_customers_that_they_have_not_seen(purchases, model, lapsed):
    sure = replace(model, regression=replace(model.regression, intercept=9.0))
    folds = (model, sure)
    found = evaluate_coming_back(purchases, plan(value_test=()), (folds, folds), params())
    fold = fold_of(pd.Series(lapsed.index), 2)
    told = np.select(
        [fold == 0, fold == 1],
        [one.predict(lapsed, TEST)["return_probability"] for one in folds],
    )
    ratio = found["models"]["ours"]["observed_over_expected"]["value"]
    assert ratio == pytest.approx(found["returned"] / told.sum())
    assert evaluate_coming_back(purchases, plan(), ((model, None), folds), params()) == {}


def test_the_lapsed_have_it_on_their_cards_and_nobody_who_still_buys(purchases, model):
    at = plan(score=TEST)
    gone = set(lapsed_at(purchases, TEST, ACTIVE).index)
    known = purchases[purchases["event_day"] < pd.Timestamp(TEST, unit="D")]
    here = sorted(set(known["customer_id"]) - gone)
    scored = pd.DataFrame({"customer_id": here, "status": "scored"})
    cards = whole(scored, known, "version", at, model).set_index("customer_id")
    assert cards.loc[here, list(COLUMNS)].isna().all(axis=None)
    assert cards.loc[sorted(gone), list(COLUMNS)].notna().all(axis=None)
    assert set(COLUMNS).isdisjoint(whole(scored, known, "version", at).columns)


def test_unknown_money_is_told_alone_as_among_all(purchases, model, lapsed):
    often = lapsed["frequency"] > 1
    some = [lapsed.index[~often][0], lapsed.index[often][0]]
    unknown = purchases["customer_id"] == some[0]
    unknown |= (purchases["customer_id"] == some[1]) & ~purchases["customer_id"].duplicated()
    amounts = purchases["amount"].where(purchases["customer_id"] != some[1], 90.0)
    dear, priced = (purchases.assign(amount=one) for one in (amounts, amounts.mask(unknown)))
    told = model.predict(lapsed_at(priced, TEST, ACTIVE), TEST).loc[some]
    own = priced[priced["customer_id"].isin(some)]
    alone = model.predict(lapsed_at(own, TEST, ACTIVE), TEST)
    pd.testing.assert_frame_equal(alone.loc[some], told)
    assert told.notna().all(axis=None)
    known = model.predict(lapsed_at(dear, TEST, ACTIVE), TEST).loc[some[1]]
    assert told.loc[some[1]].to_numpy() == pytest.approx(known.to_numpy())


def test_the_day_of_the_last_purchase_decides_who_has_lapsed():
    day = pd.to_datetime([END - ACTIVE, END - ACTIVE - 1], unit="D").astype("datetime64[us]")
    rows = pd.DataFrame({"customer_id": ["active", "lapsed"], "event_day": day, "orders": 1})
    assert list(lapsed_at(rows, END, ACTIVE).index) == ["lapsed"]
