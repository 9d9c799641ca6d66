import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from models.probability.metrics import customer_weights
from models.probability.profit import (
    USUAL,
    Offer,
    acceptance_of,
    best_offer,
    expected_maximum_profit,
)


def draw(seed, rows=400, levels=None):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.01, 0.9, rows)
    p = p if levels is None else np.ceil(p * levels) / (levels + 1)
    return (rng.random(rows) < p).astype(float), p, rng.integers(0, 4, rows).astype(float)


def by_integration(y, p, w, offer, value):
    """The definition itself: for each acceptance the best of all cuts, then the mean over it."""
    delta, phi = offer.incentive_cost / value, offer.contact_cost / value
    cuts = [np.inf, *np.unique(p)[::-1]]
    left = np.array([(w * y)[p >= cut].sum() for cut in cuts]) / w.sum()
    stayed = np.array([(w * (1 - y))[p >= cut].sum() for cut in cuts]) / w.sum()

    def best(share):
        return (left * (share * (1 - delta) - phi) - stayed * (delta + phi)).max()

    a, b = offer.acceptance
    mean, _ = quad(lambda share: best(share) * beta.pdf(share, a, b), 0, 1, limit=500)
    return value * mean


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("levels", [None, 6], ids=["no ties", "many ties"])
@pytest.mark.parametrize(
    "offer",
    [Offer(10.0, 1.0), Offer(0.0, 5.0), Offer(60.0, 0.5, (2.0, 3.0)), Offer(0.0, 0.0)],
    ids=["the paper's", "no incentive", "dear incentive", "free"],
)
def test_it_is_the_mean_over_acceptance_of_the_profit_at_the_best_cut(offer, levels):
    for seed in range(3):
        y, p, w = draw(seed, levels=levels)
        found = expected_maximum_profit(y, p, w, offer, 200.0)
        expected = by_integration(y, p, w, offer, 200.0)
        assert found.per_customer == pytest.approx(expected, rel=1e-5, abs=1e-6)
        assert 0 <= found.share_contacted <= 1


@pytest.mark.slow
def test_a_published_implementation_says_the_same():
    from empulse.metrics import empc_score  # three seconds, most of them SymPy

    y, p, _ = draw(7, rows=900)
    theirs = empc_score(y, p, clv=200, incentive_cost=10, contact_cost=1)
    ours = expected_maximum_profit(y, p, np.ones_like(y), Offer(10.0, 1.0, USUAL), 200.0)
    assert ours.per_customer == pytest.approx(theirs, rel=1e-4)


def test_nobody_is_contacted_where_a_contact_costs_more_than_a_customer_brings():
    y, p, w = draw(1)
    found = expected_maximum_profit(y, p, w, Offer(0.0, 300.0), 200.0)
    assert found.per_customer == 0.0
    assert found.share_contacted == 0.0


def test_a_better_ranking_earns_more():
    y, p, w = draw(2)
    worse = np.random.default_rng(0).permutation(p)
    offer = Offer(10.0, 1.0)
    assert (
        expected_maximum_profit(y, p, w, offer, 200.0).per_customer
        > expected_maximum_profit(y, worse, w, offer, 200.0).per_customer
    )


def test_one_outcome_alone_is_undefined_and_a_worthless_customer_is_refused():
    p, one = np.array([0.2, 0.4]), np.ones(2)
    assert np.isnan(expected_maximum_profit(one, p, one, Offer(1.0, 1.0), 10.0).per_customer)
    with pytest.raises(ValueError, match="above 0"):
        expected_maximum_profit(np.array([0.0, 1.0]), p, one, Offer(1.0, 1.0), 0.0)


def test_the_acceptance_has_the_mean_given_and_about_its_spread():
    a, b = acceptance_of(0.05, 0.10, 0.18)
    assert a / (a + b) == pytest.approx(0.10)
    low, high = beta.ppf([0.1, 0.9], a, b)
    assert low == pytest.approx(0.05, abs=0.015)
    assert high == pytest.approx(0.18, abs=0.02)
    assert all(value > 0 for value in acceptance_of(0.0, 0.0, 1.0))


def test_the_offer_that_earns_most_is_judged_for_every_model():
    y, p, _ = draw(3)
    weights = customer_weights(np.arange(len(y)).astype(str).astype(object), 30, 1)
    models = {"ours": p, "other": np.random.default_rng(1).permutation(p)}
    offers = {"dear": Offer(50.0, 20.0), "cheap": Offer(10.0, 5.0)}
    found = best_offer(y, models, weights, offers, 200.0)
    assert found["offer"] == "cheap"
    ours, other = found["models"]["ours"], found["models"]["other"]
    assert ours["low"] < ours["value"] < ours["high"]
    assert ours["value"] > other["value"]
    one = np.ones_like(y)
    alone = expected_maximum_profit(y, p, one, offers["cheap"], 200.0)
    assert ours["value"] == alone.per_customer
    assert found["share_contacted"] == alone.share_contacted
    assert best_offer(y, models, weights, {}, 200.0) == {}
