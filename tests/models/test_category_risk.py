"""The risk that a main category is left, on a company where it is known who left what."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from core.errors import DataGateError
from features.history.category_history import DAYS, HABIT, Categories
from models.cards.category_risks import with_category_risks
from models.judging.category_risk import evaluate_category_risk
from models.judging.run import Evaluated, judge_category_risk
from models.next_purchase.candidates import popularity
from models.next_purchase.category_risk import (
    CategoryRiskModel,
    fit_category_risk,
    left_of,
    stayed,
)
from models.next_purchase.main_categories import MOST, OFTEN, SMALLEST_SHARE, habit_of
from models.params import GateParams
from tests.snapshots import model_params, timeline

HORIZON, ACTIVE, STEP, LONG, BEFORE = 28, 60, 14, 8, 200
NAMES = np.array(["bread", "milk", "tea", "wine"])
FEATURES = ("orders_30d", "orders_90d", "gap_mean")
HABIT_OF = habit_of(HORIZON, ACTIVE, FEATURES)


def company(customers=500, seed=1, leaves=0.006):
    """Snapshot rows and categories of who comes every four days and buys each kind at whim.

    A customer stops buying a kind for good with a chance of `leaves` a day, and comes as before:
    `gone` is the day, by customer and kind.
    """
    rng = np.random.default_rng(seed)
    days = BEFORE + STEP * LONG + HORIZON
    comes = rng.random((customers, days)) < 0.25
    liking = rng.choice([0.15, 0.6, 0.85], (customers, len(NAMES)))
    gone = rng.geometric(leaves, (customers, len(NAMES))) + 60
    bought = comes[:, :, None] & (rng.random((customers, days, len(NAMES))) < liking[:, None])
    bought &= np.arange(days)[None, :, None] < gone[:, None]
    return comes, bought, gone


def tables(comes, bought, dates=LONG):
    """Rows and categories at the dates of a company, as snapshots and their history have them."""
    ids = np.array([f"c{number:04d}" for number in range(len(comes))], dtype=object)
    rows, history, outcomes = [], [], []
    for number in range(dates):
        now = BEFORE + STEP * number
        date = pd.Timestamp("2024-01-01") + pd.Timedelta(days=now)
        rows.append(_rows(ids, date, comes, now))
        history.append(_history(ids, date, comes[:, :now], bought[:, :now]))
        who, what = np.nonzero(bought[:, now : now + HORIZON].any(axis=1))
        found = {"as_of_date": date, "customer_id": ids[who], "category": NAMES[what]}
        outcomes.append(pd.DataFrame(found))
    texts = dict.fromkeys(("customer_id", "category"), "category")
    both = (pd.concat(part, ignore_index=True).astype(texts) for part in (history, outcomes))
    return pd.concat(rows, ignore_index=True), Categories(*both)


def _rows(ids, date, comes, now):
    past = comes[:, :now]
    return pd.DataFrame(
        {
            "customer_id": ids,
            "as_of_date": date,
            "orders_30d": past[:, -30:].sum(axis=1).astype(float),
            "orders_90d": past[:, -90:].sum(axis=1).astype(float),
            "gap_mean": now / past.sum(axis=1),
            "outcome_known": True,
            "churned": (~comes[:, now : now + HORIZON].any(axis=1)).astype(float),
        }
    )


def _history(ids, date, comes, bought):
    who, what = np.nonzero(bought.any(axis=1))
    own, visits = bought[who, :, what], comes[who].cumsum(axis=1)
    first, last = own.argmax(axis=1), own.shape[1] - own[:, ::-1].argmax(axis=1) - 1
    each = np.arange(len(own))
    counts = {
        "bought": own.sum(axis=1),
        "bought_30d": own[:, -30:].sum(axis=1),
        "bought_90d": own[:, -90:].sum(axis=1),
        "first_ago": own.shape[1] - first,
        "last_ago": own.shape[1] - last,
        "visits_since_first": visits[:, -1] - visits[each, first],
        "visits_since_last": visits[:, -1] - visits[each, last],
        "share": own.sum(axis=1) / bought.sum(axis=(1, 2))[who],
    }
    table = {"as_of_date": date, "customer_id": ids[who], "category": NAMES[what]}
    return pd.DataFrame(table | {name: counts[name] for name in (*DAYS, *HABIT)})


def parted(rows):
    """The rows whose outcomes close before the last date, and those of the last date."""
    last = rows["as_of_date"].max()
    known = rows["as_of_date"] <= last - pd.Timedelta(days=HORIZON)
    parts = (rows[known], rows[rows["as_of_date"] == last])
    return tuple(part.reset_index(drop=True) for part in parts)


def fitted(rows, categories):
    return fit_category_risk(rows, categories, HABIT_OF, model_params())


def at(categories, rows):
    return categories.history[categories.history["as_of_date"].isin(rows["as_of_date"])]


@pytest.fixture(scope="module")
def world():
    comes, bought, gone = company()
    rows, categories = tables(comes, bought)
    train, test = parted(rows)
    return {
        "test": test,
        "train": train,
        "categories": categories,
        "gone": gone,
        "model": fitted(train, categories),
    }


def test_who_was_made_to_leave_a_category_stands_above_all_others(world):
    test, model = world["test"], world["model"]
    judged = evaluate_category_risk(test, world["categories"], model, None, model_params())
    ours, rule = (judged["models"][name] for name in ("ours", "by_silence"))
    assert ours["auc"]["value"] > 0.9
    assert judged["gains"]["by_silence"]["log_loss"]["high"] < 0
    ratio = ours["observed_over_expected"]
    assert ratio["low"] < 1 < ratio["high"] < 1.25
    assert ours["calibration_error"]["value"] < 0.05
    assert rule["auc"]["value"] < ours["auc"]["value"]
    told = model.predict(test, at(world["categories"], test))
    now = BEFORE + STEP * (LONG - 1)
    places = test["customer_id"].str[1:].astype(int).to_numpy()[told["row"]]
    left_for = now - world["gone"][places, np.searchsorted(NAMES, told["category"])]
    long_gone, still = told["risk"][left_for > 14], told["risk"][left_for < 0]
    assert len(long_gone) > 30
    assert long_gone.median() > 0.5 > 4 * still.median()


def test_a_main_category_is_bought_often_lately_and_for_much(world):
    test, categories = world["test"], world["categories"]
    told = world["model"].predict(test, at(categories, test))
    assert (told["usual_gap_days"] * OFTEN <= HORIZON).all()
    assert (told["last_ago"] <= ACTIVE).all() and (told["share"] >= SMALLEST_SHARE).all()
    assert told.groupby("row").size().max() == MOST
    assert told.groupby("row")["share"].sum().max() <= 1
    assert told.groupby("row")["risk"].is_monotonic_decreasing.all()


def test_rows_keep_their_risk_whatever_their_order_and_their_company(world):
    """Alone, with what is popular told, a customer has the same risk: as in a live card."""
    test, model = world["test"], world["model"]
    history = at(world["categories"], test)
    whole = model.predict(test, history)
    one = test.iloc[[5]].reset_index(drop=True)
    own = history[history["customer_id"] == one["customer_id"][0]]
    alone = model.predict(one, own, popularity(history))
    expected = whole[whole["row"] == 5].assign(row=0).reset_index(drop=True)
    assert len(alone) and alone.equals(expected)


def test_what_is_saved_says_the_same_and_the_same_rows_give_the_same_bytes(world, tmp_path):
    model = world["model"]
    for name, one in (("a", model), ("b", fitted(world["train"], world["categories"]))):
        one.save(tmp_path / name)
    written = [(tmp_path / n / "category_risk.json").read_bytes() for n in "ab"]
    assert written[0] == written[1]
    assert CategoryRiskModel.load(tmp_path / "a") == model
    assert CategoryRiskModel.load(tmp_path / "nothing") is None


def test_who_lapses_and_what_is_not_known_teach_nothing(world):
    train, categories = world["train"], world["categories"]
    gone = train.head(40).assign(churned=1.0)
    unknown = train.tail(40).assign(outcome_known=False, churned=np.nan)
    with_others = pd.concat([gone, train.iloc[40:-40], unknown])
    assert fitted(with_others, categories) == fitted(train.iloc[40:-40], categories)


def test_with_too_few_who_left_one_nothing_is_told():
    rows, categories = tables(*company(customers=60)[:2], dates=3)
    gates = GateParams(min_customers=200, min_churners=50)
    with pytest.raises(DataGateError, match="200 customers are needed"):
        fit_category_risk(rows, categories, HABIT_OF, model_params(gates=gates))


def test_no_more_is_at_stake_than_the_card_expects(world):
    test, model = world["test"], world["model"]
    history = at(world["categories"], test)
    cards = test[["customer_id"]].assign(expected_value=np.linspace(0.0, 90.0, len(test)))
    cards = pd.concat([cards, pd.DataFrame({"customer_id": ["left"]})], ignore_index=True)
    told = with_category_risks(cards, test, history, model)
    assert told["category_risks"].iloc[-1] is None
    listed = told["category_risks"].iloc[:-1]
    at_stake = np.array([sum(one["value_at_stake"] for one in row) for row in listed])
    assert (at_stake <= told["expected_value"].iloc[:-1] + 1e-9).all() and at_stake.max() > 5
    for row, value in zip(listed, told["expected_value"], strict=False):
        for one in row:
            product = one["risk"] * one["share"] * value
            assert one["value_at_stake"] == pytest.approx(product, rel=1e-6, abs=1e-12)
    without = with_category_risks(cards[["customer_id"]], test, history, model)
    stakes = {one["value_at_stake"] for row in without["category_risks"].iloc[:-1] for one in row}
    assert stakes == {None}


def test_what_is_not_supported_by_the_history_is_not_read(world):
    short = habit_of(HORIZON, ACTIVE, ["orders_30d"])
    assert "expected_days" in HABIT_OF.inputs and "expected_days" not in short.inputs
    assert "own_gap" not in short.inputs
    model = fit_category_risk(world["train"], world["categories"], short, model_params())
    plain = world["test"].drop(columns=["orders_90d", "gap_mean"])
    assert len(model.predict(plain, at(world["categories"], plain)))


def test_a_category_is_left_where_the_customer_bought_without_it(world):
    test, categories = stayed(world["test"]), world["categories"]
    told = world["model"].predict(test, at(categories, test))
    then = categories.outcomes[categories.outcomes["as_of_date"] == test["as_of_date"][0]]
    bought = set(zip(then["customer_id"], then["category"], strict=True))
    who = test["customer_id"].to_numpy()[told["row"]]
    pairs = zip(who, told["category"], strict=True)
    left = left_of(told, test, categories)
    assert [pair not in bought for pair in pairs] == (left == 1).tolist()
    assert 0.02 < left.mean() < 0.5


def test_rows_of_later_dates_beside_them_change_nothing_for_earlier_ones(world):
    train, test = world["train"].head(50), world["test"].head(50)
    both = pd.concat([train, test], ignore_index=True)
    told = world["model"].predict(both, world["categories"].history)
    alone = world["model"].predict(train, at(world["categories"], train))
    assert_frame_equal(told[told["row"] < 50].reset_index(drop=True), alone)


def test_without_categories_or_a_model_nothing_is_judged(world):
    params = model_params()
    for categories, model in ((None, world["model"]), (world["categories"], None)):
        evaluated = Evaluated(None, None, None, None, category_risk=model)
        assert judge_category_risk(pd.DataFrame(), categories, timeline(), evaluated, params) == {}
    nobody = world["test"].assign(churned=1.0)
    assert evaluate_category_risk(nobody, world["categories"], world["model"], None, params) == {}
