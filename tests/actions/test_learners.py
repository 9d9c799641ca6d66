"""Learners of effects: on planted effects, on none, on harmful ones; the same bytes each time."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from actions.effects.choosing import choose
from actions.effects.estimating import prior_of
from actions.effects.learners import LEARNERS, Data, LearnerParams, fit
from actions.effects.metalearners import FoldEffects
from actions.effects.pooled import DRIVES, LIFT
from actions.plan.catalog import Action
from core.errors import ParamsError, TrialError
from tests.actions.planted import COST, LOW, PRIOR, contacts, customers, in_money

PARAMS = LearnerParams(seed=1)


def rng(seed):
    return np.random.default_rng(seed)


def assumed_of(known):
    """What the lows mean: of the undecided they are kept, of those who stay a tenth is lost."""
    stays = 1 - known.leaves[:, None]
    return LOW * stays * (LIFT * known.leaves[:, None] - DRIVES)


def gained(bound, known):
    """What treating everybody by their best action brings where the bound exceeds its cost."""
    net = bound * known.stake[:, None] - COST
    best, row = net.argmax(axis=1), np.arange(len(net))
    true = known.effect * known.stake[:, None] - COST
    return float(np.where(net[row, best] > 0, true[row, best], 0).sum())


@pytest.mark.parametrize("learner", ["r_pooled", pytest.param("t", marks=pytest.mark.slow)])
def test_effects_are_told_of_a_few_customers_at_a_time(learner, monkeypatch):
    found = fit(contacts(600, rng(7))[1], PRIOR, PARAMS, learner)
    x, stake = customers(100, rng(8)).x, np.linspace(1, 9, 100)
    whole = found.effect(x), found.effect(x, stake), found.average(x)
    monkeypatch.setattr("core.arrays.BLOCK_ROWS", 33)
    parts = found.effect(x), found.effect(x, stake), found.average(x)
    for of_whole, of_parts in zip(whole, parts, strict=True):
        np.testing.assert_allclose(of_parts.mean, of_whole.mean, rtol=1e-12)
        np.testing.assert_allclose(of_parts.sd, of_whole.sd, rtol=1e-9)


@pytest.mark.slow
def test_ours_finds_planted_effects_and_whom_they_reach():
    _, data = contacts(20_000, rng(101))
    others = customers(5_000, rng(102))
    found = fit(data, PRIOR, PARAMS).effect(others.x)
    assert found.mean.mean(axis=0) == pytest.approx(others.effect.mean(axis=0), abs=0.015)
    for action in range(len(LOW)):
        assert np.corrcoef(found.mean[:, action], others.effect[:, action])[0, 1] > 0.5


@pytest.mark.slow
def test_the_lower_bound_holds_as_often_as_it_says():
    held = []
    for seed in range(101, 109):
        _, data = contacts(3_000, rng(seed))
        others = customers(1_000, rng(seed + 1000))
        found = fit(data, PRIOR, PARAMS).effect(others.x)
        held.append(np.mean(others.effect >= found.mean - norm.ppf(0.8) * found.sd))
    assert 0.7 < np.mean(held) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strength", "contacted", "least"),
    [(1.0, 10_000, 0.05), (0.0, 10_000, -0.1), (-1.0, 20_000, -0.02)],
)
def test_by_its_bound_ours_gains_with_effects_and_hardly_loses_without(strength, contacted, least):
    for seed in (101, 103):
        _, data = contacts(contacted, rng(seed), strength)
        others = customers(5_000, rng(seed + 1000), strength)
        reachable = customers(5_000, rng(seed + 1000))
        found = fit(data, PRIOR, PARAMS).effect(others.x)
        gain = gained(found.mean - norm.ppf(0.8) * found.sd, others)
        assert gain / gained(reachable.effect, reachable) > least


@pytest.mark.slow
def test_much_data_overrules_assumed_effects_that_are_too_high():
    _, data = contacts(30_000, rng(101), strength=-1.0)
    others = customers(2_000, rng(102))
    found = fit(data, PRIOR, PARAMS).effect(others.x).mean.mean(axis=0)
    assert (found < assumed_of(others).mean(axis=0)).all()
    assert (found < 0).all()


def test_without_data_the_assumed_effects_are_left():
    _, data = contacts(40, rng(101))
    others = customers(2_000, rng(102))
    found = fit(data, PRIOR, PARAMS).effect(others.x)
    assert found.mean == pytest.approx(assumed_of(others), abs=0.01)


def test_a_trait_that_is_taken_to_tell_keeps_more_and_drives_fewer_away():
    """A fifth more for each standard deviation, of what is kept and of what is not driven away."""
    _, data = contacts(40, rng(101))
    prior = replace(PRIOR, by_trait=np.array([0.2, 0.0, 0.0, 0.0]))
    x = np.tile(np.median(data.x, axis=0), (3, 1))
    x[:, 0] = 0.3
    x[:, 1] = np.quantile(data.x[:, 1], [0.158655, 0.5, 0.841345])  # -1, 0 and 1
    less, usual, more = fit(data, prior, PARAMS).effect(x).mean
    kept, driven = LIFT * 0.3 * 0.7 * LOW, DRIVES * 0.7 * LOW
    assert more - less == pytest.approx(0.4 * (kept + driven), rel=0.15)
    assert usual == pytest.approx(kept - driven, rel=0.15)


def test_who_opens_messages_and_is_content_is_taken_to_listen():
    prior = prior_of(
        ["shelf"], (shelf_without_effect(),), ["tenure_days", "open_rate_total", "nps_mean"]
    )
    assert prior.by_trait.tolist() == [0.0, 0.3, 0.3]


@pytest.mark.slow
@pytest.mark.parametrize("learner", sorted(LEARNERS))
def test_every_learner_answers_and_gives_the_same_bytes_each_time(learner):
    known, data = contacts(1_500, rng(101))
    in_amounts = in_money(known, data, rng(5))
    one, again = (fit(in_amounts, PRIOR, PARAMS, learner) for _ in range(2))
    first, second = (f.effect(known.x[:50], known.stake[:50]) for f in (one, again))
    assert first.mean.shape == first.sd.shape == (50, len(LOW))
    assert np.isfinite(first.mean).all() and (first.sd >= 0).all()
    assert first.mean.tobytes() == second.mean.tobytes()
    assert first.sd.tobytes() == second.sd.tobytes()


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("learner", LEARNERS)
def test_a_contacts_own_action_has_the_same_effect_as_among_all_actions(learner):
    known, data = contacts(400, rng(4))
    found = fit(data, PRIOR, LearnerParams(seed=1, folds=2), learner)
    of_all = found.effect(known.x).mean[np.arange(len(data)), data.action]
    assert (found.own(known.x, data.action) == of_all).all()


@pytest.mark.slow
def test_learners_are_compared_without_asking_them_of_every_action(monkeypatch):
    """Trees would be asked as many times as there are actions: minutes with a hundred of them."""
    monkeypatch.setattr(FoldEffects, "_each", lambda *_: pytest.fail("all actions were asked"))
    _, data = contacts(300, rng(4))
    assert set(choose(data, PRIOR, LearnerParams(seed=1, folds=2)).ranks) == set(LEARNERS)


def test_effects_of_ours_are_in_proportion_to_what_is_at_stake():
    known, data = contacts(2_000, rng(101))
    found = fit(in_money(known, data, rng(5)), PRIOR, PARAMS)
    one, three = found.effect(known.x, np.ones(2_000)), found.effect(known.x, np.full(2_000, 3.0))
    assert three.mean == pytest.approx(3 * one.mean) and three.sd == pytest.approx(3 * one.sd)


def test_the_unit_of_money_changes_no_effect():
    known, data = contacts(2_000, rng(101))
    dollars = in_money(known, data, rng(5))
    cents = Data(
        *(dollars.x, dollars.action, dollars.treated, 100 * dollars.outcome, dollars.propensity),
        stake=100 * dollars.stake,
    )
    one, other = (fit(d, PRIOR, PARAMS).effect(known.x, known.stake) for d in (dollars, cents))
    assert one.mean == pytest.approx(other.mean, rel=1e-6, abs=1e-9)


def test_an_unknown_trait_counts_as_a_usual_one():
    known, data = contacts(2_000, rng(101))
    found = fit(data, PRIOR, PARAMS)
    typical, unknown = known.x[:1].copy(), known.x[:1].copy()
    typical[0, 1], unknown[0, 1] = np.median(known.x[:, 1]), np.nan
    assert found.effect(unknown).mean == pytest.approx(found.effect(typical).mean, abs=0.005)


def test_contacts_that_were_not_randomised_are_refused():
    _, data = contacts(100, rng(1))
    with pytest.raises(TrialError, match="0, 1 or unknown"):
        Data(data.x, data.action, data.treated, data.outcome, np.ones(100))
    with pytest.raises(TrialError, match="0, 1 or unknown"):
        Data(data.x, data.action, data.treated, data.outcome, np.full(100, np.nan))


def test_columns_of_other_lengths_are_refused():
    _, data = contacts(100, rng(1))
    with pytest.raises(TrialError, match="treated has the shape"):
        Data(data.x, data.action, data.treated[:50], data.outcome, data.propensity)


def test_an_unknown_learner_is_refused_with_the_nearest():
    _, data = contacts(100, rng(1))
    with pytest.raises(ParamsError, match="r_pooled"):
        fit(data, PRIOR, PARAMS, "r_poled")


@pytest.mark.parametrize("stayed", [0, 1, 600])
def test_where_hardly_anybody_or_everybody_leaves_effects_are_finite_and_small(stayed):
    _, data = contacts(600, rng(101))
    data = replace(data, outcome=(np.arange(600) < stayed).astype(float))
    found = fit(data, PRIOR, PARAMS).effect(data.x)
    assert np.abs(found.mean).mean() < 0.005 and (found.sd > 0).all()


def shelf_without_effect():
    return Action(
        id="shelf", channels=("none",), contact_cost=0, source="x", why="reminder",
        risk_reduction={"low": 0.0, "mid": 0.0, "high": 0.0},
    )  # fmt: skip


def test_a_catalogue_that_hopes_for_nothing_can_be_told_otherwise():
    prior = prior_of(["shelf", "gone", "other"], (shelf_without_effect(),), ["age"] * 4)
    assert (prior.low == 0).all() and (prior.scale > 0).all()
    _, data = contacts(600, rng(101))
    assert np.isfinite(fit(data, prior, PARAMS).effect(data.x).mean).all()
