"""The profit curve says what contacting a share earns; its highest point is the threshold."""

import numpy as np
import pytest

from models.probability.profit import (
    Offer,
    best_cut,
    expected_maximum_profit,
    no_profit,
    profit_curve,
)

OFFER = Offer(incentive_cost=5.0, contact_cost=1.0)  # on average 30 % of the leavers stay
VALUE = 100.0


def outcomes(rows=2000):
    rng = np.random.default_rng(1)
    p = rng.beta(1, 4, rows)
    return (rng.random(rows) < p).astype(float), p


def test_it_is_what_each_contact_brings_and_costs():
    y, p = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.7, 0.4, 0.1])
    curve = profit_curve(y, {"ours": p}, OFFER, VALUE).set_index("share_contacted")
    leaver, stayer = 0.3 * (VALUE - 5) - 1, -6.0
    for share, earned in ((0, 0), (0.25, leaver), (0.5, leaver + stayer), (1, 2 * leaver - 12)):
        assert curve.loc[share, "ours"] == pytest.approx(1000 * earned / 4)
    assert curve["churn_risk"].loc[[0, 0.25, 0.5, 1]].tolist() == [1.0, 0.9, 0.7, 0.1]


def test_its_highest_point_is_the_expected_maximum_profit_where_the_acceptance_is_known():
    y, p = outcomes()
    sure = Offer(5.0, 1.0, acceptance=(6e6, 14e6))
    curve = profit_curve(y, {"ours": p}, sure, VALUE)
    cut = best_cut(curve, "ours")
    expected = expected_maximum_profit(y, p, np.ones_like(y), sure, VALUE)
    assert cut["profit"] <= 1000 * expected.per_customer + 1e-6
    assert cut["profit"] == pytest.approx(1000 * expected.per_customer, rel=0.02)
    assert cut["share_contacted"] == pytest.approx(expected.share_contacted, abs=0.1)
    above = (p >= cut["churn_risk"]).mean()
    assert above == pytest.approx(cut["share_contacted"], abs=0.01)


def test_a_ranking_by_chance_earns_less_on_the_same_shares():
    y, p = outcomes()
    chance = np.random.default_rng(2).random(len(y))
    curve = profit_curve(y, {"ours": p, "chance": chance}, OFFER, VALUE)
    assert best_cut(curve, "ours")["profit"] > best_cut(curve, "chance")["profit"]
    assert curve["ours"].iloc[-1] == pytest.approx(curve["chance"].iloc[-1])


def test_where_profit_is_unknown_the_columns_are_the_same_and_empty():
    y, p = outcomes(50)
    known, unknown = profit_curve(y, {"ours": p}, OFFER, VALUE), no_profit(["ours"])
    assert list(known) == list(unknown) and len(known) == len(unknown)
    assert unknown.drop(columns="share_contacted").isna().all(axis=None)
