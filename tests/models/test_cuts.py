"""The counts between cuts tell what any costs earn, and how sure the curve and its best cut are."""

import numpy as np
import pytest

from models.probability.cuts import Cuts, Terms
from models.probability.profit import Offer, best_cut, profit_curve

OFFER = Offer(incentive_cost=5.0, contact_cost=1.0)
TERMS = Terms(1.0, 5.0, OFFER.mean_acceptance, 100.0)


def company(rows=2000, seed=1):
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 4, rows)
    return (rng.random(rows) < p).astype(float), p


def test_its_curve_is_the_profit_curve_for_any_costs():
    y, p = company()
    cuts = Cuts.of(y, p, len(y))
    again = Cuts.from_json(cuts.to_json())
    for contact_cost, value in ((1.0, 100.0), (9.0, 60.0), (0.0, 5.0)):
        offer = Offer(5.0, contact_cost)
        terms = Terms(contact_cost, 5.0, offer.mean_acceptance, value)
        curve = profit_curve(y, {"ours": p}, offer, value)
        assert again.earned(terms) == pytest.approx(curve["ours"].to_numpy(), abs=1e-8)
        assert again.shares == pytest.approx(curve["share_contacted"].to_numpy())
        assert again.churn_risk == pytest.approx(curve["churn_risk"].to_numpy())
        best = best_cut(curve, "ours")
        assert again.shares[again.best(terms).place] == best["share_contacted"]


def test_the_interval_holds_what_other_customers_earn_as_often_as_it_says():
    """At the cut of 20 %, against the truth of many companies drawn alike."""
    cuts = [Cuts.of(*company(seed=seed), 2000) for seed in range(60)]
    truth = np.mean([one.earned(TERMS)[20] for one in cuts])
    held = [low[20] <= truth <= high[20] for low, high in (one.interval(TERMS) for one in cuts)]
    assert 52 <= sum(held) <= 60


def test_rows_of_one_customer_tell_no_more_than_one():
    y, p = company()
    once, twice = Cuts.of(y, p, len(y)), Cuts.of(np.tile(y, 2), np.tile(p, 2), len(y))
    widths = [np.subtract(*one.interval(TERMS)[::-1])[20] for one in (once, twice)]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def test_the_best_cut_lies_within_its_interval_and_costs_move_it():
    y, p = company()
    cuts = Cuts.of(y, p, len(y))
    best = cuts.best(TERMS)
    assert best.share_low <= cuts.shares[best.place] <= best.share_high
    assert best.share_low < best.share_high
    dear = cuts.best(Terms(1000.0, 5.0, 0.3, 100.0))
    assert (dear.place, dear.share_low, dear.share_high) == (0, 0.0, 0.0)
    free = cuts.best(Terms(0.0, 0.0, 0.3, 100.0))
    assert cuts.shares[free.place] > cuts.shares[best.place]
