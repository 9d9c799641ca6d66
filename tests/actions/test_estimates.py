"""Estimated effects in the plan: allowed by their lower bound, counted by their mean."""

import numpy as np
import pytest
from scipy.special import ndtri

from actions.plan.estimates import Estimates, none_estimated
from actions.plan.gates import History
from actions.plan.plan import make_plan
from core.errors import ArtifactError


def estimates(customers, low, actions=("mail", "call"), spread=10.0):
    """Contributions whose lower bound is given, (customers, actions), and half an interval."""
    low = np.asarray(low, dtype=float)
    spread = np.broadcast_to(np.asarray(spread, dtype=float), low.shape)
    stake = np.full(len(low), 1000.0)
    sd = spread / ndtri(0.8) / 1000
    certainty = np.arange(1.0, 1.0 + low.shape[1])
    effect = (low + spread) / 1000
    return Estimates(tuple(customers), tuple(actions), effect, sd, stake, 0.8, certainty)


def planned(scores, catalog, params, found, **changes):
    return make_plan(
        scores, catalog(), params(holdout_share=0.0, **changes), History(), "USD", found
    )


def test_the_plan_counts_on_the_mean_where_the_lower_bound_pays(scores, catalog, params):
    cards = scores(2)
    known = estimates(cards["customer_id"], [[30.0, -50.0], [-5.0, 40.0]])
    plan, summary = planned(cards, catalog, params, known)
    assert plan["intended_action"].tolist() == ["mail", "call"]
    assert plan["effect_source"].tolist() == ["estimated", "estimated"]
    assert plan["expected_gain"].tolist() == pytest.approx([39.0, 45.0])
    assert plan["expected_gain_low"].tolist() == pytest.approx([29.0, 35.0])
    assert plan["expected_gain_mid"].tolist() == pytest.approx([39.0, 45.0])
    assert plan["expected_gain_high"].tolist() == pytest.approx([49.0, 55.0])
    assert plan["effect"].tolist() == pytest.approx([0.04, 0.05])
    assert plan["expected_cost"].tolist() == pytest.approx([1.0, 5.0])
    assert summary["effect_source"] == "estimated"
    assert summary["objective"] == pytest.approx(84.0)
    assert summary["curves"][0]["points"][-1]["expected_gain"] == pytest.approx(84.0)


def test_the_bound_allows_and_the_mean_decides(scores, catalog, params):
    """By the bound 9 - 1 is more than 8 - 5; the mean says 19 - 1 and 48 - 5. -1 pays nowhere."""
    cards = scores(2)
    known = estimates(cards["customer_id"], [[9.0, 8.0], [9.0, 4.0]], spread=[[10.0, 40.0]] * 2)
    plan, _ = planned(cards, catalog, params, known)
    assert plan["intended_action"].tolist() == ["call", "mail"]
    assert plan["expected_gain"].tolist() == pytest.approx([43.0, 18.0])


def test_an_assumed_effect_counts_with_its_low(scores, catalog, params):
    plan, _ = planned(scores(4), catalog, params, None)
    assert plan["expected_gain"].tolist() == plan["expected_gain_low"].tolist()
    assert (plan["expected_gain"] < plan["expected_gain_mid"]).any()


def test_who_would_lose_by_the_bound_gets_nothing(scores, catalog, params):
    cards = scores(3)
    known = estimates(cards["customer_id"], np.full((3, 2), -0.5), spread=0.1)
    plan, summary = planned(cards, catalog, params, known)
    assert (plan["intended_action"] == "do_nothing").all()
    assert set(summary["why_nothing"]) == {"why.no_action_pays"}


def test_what_is_not_estimated_stays_assumed_and_is_never_added_to_what_is(scores, catalog, params):
    cards = scores(4)
    known = estimates(cards["customer_id"][:2], [[500.0], [500.0]], actions=("mail",))
    plan, summary = planned(cards, catalog, params, known)
    assert plan["effect_source"].tolist() == ["estimated", "estimated", "assumed", "assumed"]
    alone, _ = planned(cards, catalog, params, None)
    assert plan["expected_gain"].tolist()[2:] == alone["expected_gain"].tolist()[2:]
    sums = summary["by_effect_source"]
    assert sums["estimated"]["expected_gain"] == pytest.approx(1018.0)
    assert sums["assumed"]["expected_gain"] == pytest.approx(alone["expected_gain"][2:].sum())
    assert summary["effect_source"] == "assumed"


def test_estimates_come_back_from_their_file_and_the_same_give_the_same_bytes(tmp_path):
    known = estimates(["b", "a"], [[1.0, np.nan], [3.0, 4.0]])
    for name in ("one.npz", "two.npz"):
        known.save(tmp_path / name)
    again = Estimates.load(tmp_path / "one.npz")
    assert (again.customers, again.actions, again.confidence) == (("b", "a"), ("mail", "call"), 0.8)
    for name in ("effect", "sd", "stake", "certainty"):
        np.testing.assert_array_equal(getattr(again, name), getattr(known, name))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_customers_and_actions_are_matched_by_name(scores):
    known = estimates(["b", "a"], [[1.0, 2.0], [3.0, 4.0]])
    found = known.aligned(["a", "new", "b"], ["call", "letter", "mail"])
    expected = [[4.0, np.nan, 3.0], [np.nan] * 3, [2.0, np.nan, 1.0]]
    np.testing.assert_allclose(found.contribution("low"), expected)
    np.testing.assert_array_equal(found.certainty, [2.0, np.nan, 1.0])
    nobody = none_estimated(0.8).aligned(["a"], ["call"])
    assert np.isnan(nobody.contribution("mid")).all()


@pytest.mark.parametrize("content", [None, b"no file of arrays"])
def test_a_missing_or_damaged_file_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "estimates.npz").write_bytes(content)
    with pytest.raises(ArtifactError, match="dvc repro"):
        Estimates.load(tmp_path / "estimates.npz")
