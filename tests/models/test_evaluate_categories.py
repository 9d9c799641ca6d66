import numpy as np
import pandas as pd
import pytest

from models.judging.run import Evaluated, judge_categories
from models.judging.what import evaluate_categories
from models.next_purchase.candidates import bought_of, pairs_of
from models.next_purchase.what import fit_next_categories
from models.words import CATEGORY_LISTS
from tests.models.pairs import DATES, FEATURES, NAMES, shop, split
from tests.models.test_candidates import KNOWN, rows_of, tables
from tests.snapshots import model_params, timeline, trained

pytestmark = pytest.mark.xdist_group("trained")

HAPPENED = [("a", "bread"), ("a", "wine"), ("a", "tea"), ("b", "milk"), ("c", "milk")]


class Fixed:
    """A model that says what it is told to, in the order of the list."""

    def __init__(self, told, most_popular=3):
        self.told = told
        self.pairs = type("Pairs", (), {"most_popular": most_popular})

    def probabilities(self, snapshot, history, churn_risk):
        return pd.DataFrame(self.told, columns=["row", "category", "probability", "is_new"])


def evaluated(model, happened=HAPPENED, customers="abc", known=True):
    test = rows_of(*customers).assign(outcome_known=known)
    return evaluate_categories(
        test, tables(KNOWN, happened), model, np.zeros(len(test)), model_params()
    )


# What b was told holds no tea: nobody could know of it.
TOLD = [
    (0, "bread", 0.9, False),
    (0, "milk", 0.5, True),
    (0, "wine", 0.4, True),
    (1, "wine", 0.8, False),
    (1, "bread", 0.7, False),
    (1, "milk", 0.1, True),
    (2, "milk", 0.6, False),
    (2, "bread", 0.3, True),
    (2, "wine", 0.2, True),
]


def test_figures_are_those_counted_by_hand():
    judged = evaluated(Fixed(TOLD))
    every = judged["any"]["models"]["ours"]
    # a: bread, no milk, wine of bread, wine, tea; b: milk in the third place; c: milk first.
    precisions = [(1 / 1 + 2 / 3) / 3, (1 / 3) / 1, 1.0]
    assert every["hit_at_3"]["value"] == 1.0
    assert every["map_at_3"]["value"] == pytest.approx(np.mean(precisions))
    assert judged["any"]["rows"] == 3
    # New to a are milk, wine and tea, to b milk; c bought milk within 90 days and nothing new.
    new = judged["new"]["models"]["ours"]
    assert judged["new"]["rows"] == 2
    assert new["hit_at_3"]["value"] == 1.0
    assert new["map_at_3"]["value"] == pytest.approx(np.mean([(1 / 2) / 2, 1.0]))


def test_bought_is_held_against_what_was_said():
    judged = evaluated(Fixed(TOLD))
    assert judged["observed_over_expected"]["value"] == pytest.approx(4 / 4.5)
    assert judged["any"]["observed_over_expected"]["value"] == pytest.approx(4 / 4.5)
    assert judged["new"]["observed_over_expected"]["value"] == pytest.approx(2 / 1.5)


def test_the_rules_show_the_own_most_frequent_and_the_most_popular():
    told = [row for row in TOLD if row[0] == 0]
    judged = evaluated(Fixed(told, most_popular=1), happened=[("c", "bread")], customers="c")
    # c bought milk, three days of it, and never bread, which most buy.
    for name, expected in (("own_frequent", 1 / 2), ("popularity", 1.0)):
        assert judged["any"]["models"][name]["map_at_3"]["value"] == pytest.approx(expected)
    assert judged["new"]["models"]["own_frequent"]["map_at_3"]["value"] == 1.0


def test_gains_are_ours_less_theirs_on_the_same_customers():
    judged = evaluated(Fixed(TOLD))
    for name in CATEGORY_LISTS:
        models = judged[name]["models"]
        for rule, gains in judged[name]["gains"].items():
            for metric, gain in gains.items():
                difference = models["ours"][metric]["value"] - models[rule][metric]["value"]
                assert gain["value"] == pytest.approx(difference)
                assert (
                    gain["low"] <= gain["value"] + 1e-12 and gain["value"] <= gain["high"] + 1e-12
                )


def test_rows_without_a_known_outcome_are_not_judged():
    judged = evaluated(Fixed([row for row in TOLD if row[0] < 2]), known=[True, True, False])
    assert (judged["rows"], judged["any"]["rows"]) == (2, 2)


@pytest.fixture(scope="module")
def world():
    return shop()


@pytest.mark.slow
def test_who_knows_what_will_be_bought_is_never_wrong_and_a_model_lies_between(world):
    rows, categories = world
    train, valid, test = split(rows)
    params = model_params()
    asked = pairs_of(FEATURES, len(NAMES))
    model = fit_next_categories(train, valid, categories, asked, params)
    risk = np.full(len(test), test["churned"].mean())

    class Oracle:
        pairs = model.pairs

        def probabilities(self, snapshot, history, churn_risk):
            told = model.probabilities(snapshot, history, churn_risk)
            told["category"] = pd.Categorical(told["category"])
            told["probability"] = 0.1 + 0.8 * bought_of(told, snapshot, categories.outcomes)
            return told.sort_values(["row", "probability"], ascending=[True, False], kind="stable")

    perfect = evaluate_categories(test, categories, Oracle(), risk, params)
    ours = evaluate_categories(test, categories, model, risk, params)
    for name in CATEGORY_LISTS:
        assert perfect[name]["models"]["ours"]["map_at_3"]["value"] == pytest.approx(1, abs=0.02)
        figures = ours[name]["models"]
        best, rule = figures["ours"]["map_at_3"], figures["popularity"]["map_at_3"]
        assert rule["value"] < best["low"] <= best["value"] <= best["high"] < 1
        assert list(ours[name]["by_date"]) == [str(DATES[-1])[:10]]


def test_without_categories_or_a_model_nothing_is_judged():
    made = trained()
    without = Evaluated(made.evaluated, made.baselines, made.past, made.past_baselines)
    assert judge_categories(pd.DataFrame(), tables(), timeline(), without, model_params()) == {}


def test_a_list_that_nobody_could_be_hit_on_is_left_out():
    told = [(0, "milk", 0.9, False), (1, "milk", 0.4, False)]
    known = [("a", "milk", 3, 1, 2, 90, 3), ("b", "milk", 1, 1, 1, 9, 9)]
    test = rows_of("a", "b").assign(outcome_known=True)
    bought = tables(known, [("a", "milk"), ("b", "milk")])  # all there is, so nothing new
    judged = evaluate_categories(test, bought, Fixed(told), np.zeros(2), model_params())
    assert judged["any"]["models"]["ours"]["hit_at_3"]["value"] == 1.0
    assert "new" not in judged
    nobody = evaluate_categories(test, tables(known), Fixed(told), np.zeros(2), model_params())
    assert not set(CATEGORY_LISTS) & set(nobody)


def test_nothing_expected_is_not_a_ratio():
    judged = evaluated(Fixed([(row, name, 0.0, new) for row, name, _, new in TOLD]))
    assert judged["observed_over_expected"] is None
    assert judged["any"]["observed_over_expected"] is None


def test_a_draw_that_misses_the_few_who_could_be_hit_says_nothing_of_them():
    """One row of sixty bought something new: a third of the draws do not hold it."""
    names = [f"c{number:02d}" for number in range(60)]
    known = [(name, "milk", 3, 1, 2, 90, 3) for name in names]
    told = [(row, "milk", 0.9, False) for row in range(60)] + [(0, "wine", 0.1, True)]
    test = rows_of(*names).assign(outcome_known=True)
    happened = tables(known, [("c00", "wine")])
    judged = evaluate_categories(test, happened, Fixed(told), np.zeros(60), model_params())
    assert judged["new"]["rows"] == 1
    assert judged["new"]["models"]["ours"]["hit_at_3"] == {"value": 1.0, "low": 1.0, "high": 1.0}
