"""What is expected of customers, foreseen by models that have not seen them."""

import numpy as np
import pandas as pd

from actions.effects.risk import CardScale, Foreseen

NAMES = ("orders_rate", "tenure_days", "amount_mean", "visits_30d")


def test_nobody_is_foreseen_by_a_model_that_saw_what_became_of_them():
    """Where chance alone decides, only a model that saw the answers would know them."""
    rng = np.random.default_rng(3)
    people, times = 500, 3
    rows = pd.DataFrame(rng.normal(size=(people, len(NAMES))), columns=list(NAMES))
    rows = rows.assign(customer_id=[f"c{number}" for number in range(people)])
    rows = rows.loc[rows.index.repeat(times)].reset_index(drop=True)
    left = np.repeat(rng.random(people) < 0.5, times).astype(float)
    found = Foreseen.learn(rows, left, seed=1, threads=1, is_rate=True).of(rows)
    assert abs(np.corrcoef(found, left)[0, 1]) < 0.15
    known = Foreseen.learn(rows, (rows["orders_rate"] > 0).to_numpy(float), 1, 1, True).of(rows)
    assert np.corrcoef(known, rows["orders_rate"] > 0)[0, 1] > 0.9


def test_where_nothing_tells_customers_apart_the_mean_is_foreseen_of_everybody():
    left = np.array([0.0, 1.0, 1.0, 1.0])
    alike = pd.DataFrame({"customer_id": list("abcd"), "orders_rate": 1.0})
    one = pd.DataFrame({"customer_id": "a", "orders_rate": np.arange(4.0)})
    for rows in (alike, one):
        found = Foreseen.learn(rows, left, seed=1, threads=1, is_rate=True).of(rows)
        np.testing.assert_allclose(found, 0.75)


def test_foreseen_risks_are_brought_to_the_scale_of_the_cards():
    """Twice the log odds, and 1 lower: of who has both, told of who has no card too."""
    rng = np.random.default_rng(5)
    odds = rng.normal(size=400)
    foreseen, on_cards = 1 / (1 + np.exp(-odds)), 1 / (1 + np.exp(1 - 2 * odds))
    told = np.where(np.arange(400) < 300, on_cards, np.nan)
    scale = CardScale.of(foreseen, told)
    np.testing.assert_allclose(scale.at(foreseen), on_cards, rtol=1e-6)
    assert scale.at(np.array([0.0, 1.0])).min() >= 0 and scale.at(np.array([1.0])) <= 1


def test_risks_stay_as_foreseen_where_cards_do_not_tell_a_scale():
    foreseen = np.linspace(0.1, 0.9, 400)
    few = np.where(np.arange(400) < 49, foreseen / 2, np.nan)
    for on_cards in (few, np.full(400, np.nan), 1 - foreseen):
        np.testing.assert_allclose(CardScale.of(foreseen, on_cards).at(foreseen), foreseen)
    same = np.full(400, 0.5)
    np.testing.assert_allclose(CardScale.of(same, foreseen).at(foreseen), foreseen)
