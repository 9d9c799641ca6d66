"""Replays: what any plan gains in a simulated company, against brute force and the simulator."""

import copy
from dataclasses import replace as changed
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest

from core.errors import SourceError
from sources.kinds.simulator.contacts import ABOUT_TO, SOON, Luck, live
from sources.kinds.simulator.orders import order_value
from sources.kinds.simulator.people import draw_people
from sources.kinds.simulator.process import Clock
from sources.kinds.simulator.replay import future, future_of, replay
from sources.kinds.simulator.tables import Maker
from sources.kinds.simulator.truth import truth
from sources.kinds.simulator.worlds import (
    PERSUADABLE,
    REDEEMS,
    RESPONSES,
    SHOP,
    SLEEPING_DOG,
    SUBSCRIPTION,
)
from sources.kinds.simulator.writing import START, simulate

DATE, DAYS = 100.0, 365
CHANCES = (0.4, 0.3, 0.2, 0.1)
# joined, onset, leaves: usual, slowing down, about to leave at once, gone, stays long
LIVES = ((0, 500, 560), (5, 90, 150), (0, 130, 130), (0, 60, 95), (40, 2000, 2000), (0, 110, 155))


def small(lives=LIVES, contacts=()):
    """The truth of a few customers, with the contacts that some of them had."""
    n = len(lives)
    ids = [f"C{i}" for i in range(n)]
    joined, onset, leaves = (np.array(column, float) for column in zip(*lives, strict=True))
    customers = pd.DataFrame({"customer_id": ids, "worth": 2.0, "rate": 0.05, "joined_day": joined})
    customers = customers.assign(
        **{f"chance_{name}": chance for name, chance in zip(RESPONSES, CHANCES, strict=True)}
    )
    phases = pd.DataFrame({"customer_id": ids, "begins": joined, "onset": onset, "leaves": leaves})
    columns = ("customer_id", "day", "action", "outcome", "coupon_day", "takes_coupon")
    rows = pd.DataFrame(list(contacts), columns=columns).astype(
        {"day": float, "action": int, "outcome": int, "coupon_day": float, "takes_coupon": bool}
    )
    return {"customers": customers, "phases": phases, "contacts": rows.assign(is_treated=True)}


def active(onset, leaves, start, end, steps=4000):
    """Days of usual activity, summed over many short moments."""
    at = start + (np.arange(steps) + 0.5) * (end - start) / steps
    down = np.clip((at - onset) / max(leaves - onset, 1e-9), 0.0, 1.0)
    return float(np.where(at < leaves, 0.05**down, 0.0).mean() * (end - start))


def by_hand(world, action, life, rng, draws=800):
    """The gain of one contact with one customer: every response, outcome and end, one by one."""
    joined, onset, leaves = life
    assert joined <= DATE

    def revenue(onset, leaves):
        return 2.0 * active(onset, leaves, DATE, DATE + DAYS, 400)

    def redeems(response, onset, leaves):
        # An Erlang-2 that somebody looks at: no order for x mean gaps has the chance below.
        x = 0.05 * active(onset, leaves, DATE, DATE + world.coupon_days, 200)
        return REDEEMS[response] * (1 - np.exp(-2 * x) * (1 + x)) * action.incentive_cost

    def end(mean, least, draw):
        leaves = DATE + least - mean * np.log1p(-(draw + 0.5) / draws)
        fades = rng.random() < world.fades
        return (max(leaves - rng.uniform(*world.fade_days), DATE) if fades else leaves), leaves

    as_is, total = revenue(onset, leaves), 0.0
    kept = [end(world.mean_life, ABOUT_TO, draw) for draw in range(draws)]
    goes = [end(SOON, 0.0, draw) for draw in range(draws)]
    goes = [(onset if onset < DATE else slows, left) for slows, left in goes]
    goes = [one if one[1] < leaves else (onset, leaves) for one in goes]
    for response, chance in enumerate(CHANCES):
        keeps = action.keeps if response == PERSUADABLE and 0 < leaves - DATE < ABOUT_TO else 0.0
        repels = action.repels if response == SLEEPING_DOG and leaves > DATE else 0.0
        for ends, likely in (
            ([(onset, leaves)], 1 - keeps - repels),
            (kept, keeps),
            (goes, repels),
        ):
            if likely > 0:
                more = np.mean([revenue(*one) - as_is for one in ends])
                coupons = np.mean([redeems(response, *one) for one in ends])
                total += chance * likely * (world.margin * more - coupons)
    return total - action.contact_cost


@pytest.mark.slow
def test_gains_are_those_of_every_response_and_outcome_one_by_one():
    strong = tuple(changed(action, keeps=0.9, repels=0.8) for action in SHOP.actions)
    world = changed(SHOP, actions=strong)
    found = np.mean([future_of(world, small(), DATE, seed).gain for seed in range(60)], axis=0)
    rng = np.random.default_rng(3)
    for (row, life), (column, action) in product(enumerate(LIVES), enumerate(world.actions)):
        expected = by_hand(world, action, life, rng)
        assert found[row, column] == pytest.approx(expected, abs=0.05 + 0.03 * abs(expected))


def test_who_is_gone_gains_nothing_and_costs_the_contact():
    gain = future_of(SHOP, small(), DATE, 1).gain
    assert gain[3].tolist() == [-action.contact_cost for action in SHOP.actions]


def test_contacts_so_far_tell_how_somebody_responds():
    lives = [(0, 500, 500), (0, 100, 100), (0, 500, 500), (0, 500, 500), (0, 500, 500)]
    truth_ = small(
        lives,
        [
            ("C1", 60.0, 2, 0, np.nan, False),  # about to leave, called, and not kept
            ("C2", 50.0, 1, 0, 55.0, True),  # redeems
            ("C3", 50.0, 1, 0, 55.0, False),  # could, and does not
            ("C4", 50.0, 1, 0, np.nan, True),  # does not come while it is good
        ],
    )
    world = changed(SHOP, actions=tuple(changed(a, repels=0.0) for a in SHOP.actions))
    found = future_of(world, truth_, DATE, 1).responses
    call = np.array([1, 1 - world.actions[2].keeps, 1, 1])
    for row, likely in enumerate((np.ones(4), call, REDEEMS, 1 - np.array(REDEEMS), np.ones(4))):
        expected = np.array(CHANCES) * likely
        assert found[row] == pytest.approx(expected / expected.sum())
    # A contact on the date or after it is not known yet.
    later = future_of(world, truth_, 50.0, 1).responses
    assert later[[0, 2, 3]] == pytest.approx(np.tile(CHANCES, (3, 1)))


def test_who_was_kept_is_persuadable_and_who_was_driven_away_is_a_sleeping_dog():
    truth_ = small(
        [(0, 90, 90), (0, 500, 500)],
        [("C0", 60.0, 0, 1, np.nan, False), ("C1", 60.0, 0, -1, np.nan, False)],
    )
    more = pd.DataFrame({"customer_id": ["C0", "C1"], "begins": 60.0, "onset": 300, "leaves": 300})
    truth_["phases"] = pd.concat([truth_["phases"], more])
    found = future_of(SHOP, truth_, DATE, 1).responses
    assert found[0, PERSUADABLE] == found[1, SLEEPING_DOG] == 1.0


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """Folders of companies, by world."""
    folder = tmp_path_factory.mktemp("replay")

    @cache
    def made(world):
        simulate(folder / world, world, 4000, 400, seed=8)
        return folder / world

    return made


def plan_of(customers, action="check_in_email", is_treated=True):
    return pd.DataFrame({"customer_id": customers, "action_id": action, "is_treated": is_treated})


@pytest.mark.slow
@pytest.mark.parametrize("world", ["shop", "subscription"])
def test_the_same_plan_gains_exactly_the_same_and_a_difference_has_less_noise(company, world):
    folder = company(world)
    date = pd.Timestamp(START) + pd.Timedelta(days=300)
    ahead = future(folder, date, seed=4)
    one = plan_of(ahead.customers)
    one.loc[np.arange(len(one)) % 2 == 0, "action_id"] = "personal_coupon"
    two = one.copy()
    two.loc[:100, "action_id"] = "owner_phone_call"
    again = replay(folder, one, date, seed=4)
    assert (again.gain == ahead.replay(one).gain).all()
    shuffled = ahead.replay(one.sample(frac=1, random_state=1))
    assert shuffled.total == pytest.approx(again.total)
    assert shuffled.se == pytest.approx(again.se)
    difference = ahead.replay(two).minus(again)
    assert difference.total == pytest.approx(ahead.replay(two).total - again.total)
    assert 0 < difference.se < min(again.se, ahead.replay(two).se) / 2


def test_only_treated_contacts_count(company):
    ahead = future(company("shop"), 300.0, seed=4)
    customers = ahead.customers[:50]
    for plan in (plan_of(customers, is_treated=False), plan_of(customers, "do_nothing")):
        assert ahead.replay(plan).total == ahead.replay(plan).sleeping_dogs_share == 0.0
    calls = ahead.replay(plan_of(customers, "owner_phone_call"))
    dogs = ahead.responses[:50, SLEEPING_DOG].mean()
    assert calls.sleeping_dogs_share == pytest.approx(dogs)


def test_the_standard_error_covers_what_all_customers_gain(company):
    ahead = future(company("shop"), 300.0, seed=4)
    plan = plan_of(ahead.customers).sample(frac=1, random_state=2)
    mean = ahead.replay(plan).gain.mean()
    parts = [ahead.replay(plan[i : i + 40]) for i in range(0, len(plan), 40)]
    inside = [abs(part.total - 40 * mean) < 1.96 * part.se for part in parts]
    assert 0.85 < np.mean(inside) <= 1.0  # gains are skewed


def test_plans_of_another_company_are_refused(company):
    ahead = future(company("shop"), 300.0, seed=4)
    with pytest.raises(SourceError, match=r"customer_id .*first: nobody"):
        ahead.replay(plan_of(["nobody"]))
    with pytest.raises(SourceError, match=r"action_id .*its actions are check_in_email"):
        ahead.replay(plan_of(ahead.customers[:1], "fax"))
    with pytest.raises(SourceError, match="keep one of each"):
        ahead.replay(plan_of(ahead.customers[[0, 0]]))


@pytest.mark.slow
@pytest.mark.parametrize("world", [SHOP, SUBSCRIPTION], ids=["shop", "subscription"])
def test_gains_are_what_the_simulator_then_makes_of_the_contacts(world):
    strong = tuple(changed(action, keeps=0.9, repels=0.6) for action in world.actions)
    world = changed(world, actions=strong, contacted=0.6, fatigue=0.2)
    n, date = 30_000, 500.0
    rng = np.random.default_rng(5)
    people, even = draw_people(world, np.arange(n), 730, rng), Clock(np.arange(date + DAYS + 2))
    life = live(world, people, even, rng, range(120, 480, 30))
    worth = people.rate * order_value(world, people)
    made = truth(Maker(world, life, START, rng), worth)
    ahead = future_of(world, {k: v.to_pandas() for k, v in made.items()}, date, seed=1)
    who = np.flatnonzero((people.joined < date) & (life.now(date).leaves > date))
    seen = np.eye(len(RESPONSES))[people.response[who]] - ahead.responses[who]
    assert np.abs(seen.sum(axis=0) / np.sqrt((seen**2).sum(axis=0))).max() < 3.5

    def revenue(phases):
        onset = phases.leaves if world.kind == "cancellation" else phases.onset
        phases = changed(phases, onset=onset)
        return worth * phases.length(np.full(n, date), np.full(n, date + DAYS), even)

    before = revenue(life.now(date))
    for number, action in enumerate(world.actions):
        after = copy.copy(life)
        after.rounds, after.bought = [], life.bought.copy()
        after.last, after.before_last = life.last.copy(), life.before_last.copy()
        one = np.ones(len(who))
        luck = Luck.drawn(world, date, n, np.random.default_rng([6, number]))
        after.contact(who, np.full(len(who), number), one > 0, one, date, luck)
        gain = world.margin * (revenue(after.now(date)) - before)[who] - action.contact_cost
        gain -= action.incentive_cost * (after.contacts().redeemed < date + DAYS)
        difference = gain - ahead.gain[who, number]
        assert abs(difference.mean()) < 3.5 * difference.std() / np.sqrt(len(who))
