import datetime as dt

import numpy as np
import pytest

from actions.plan.power import (
    LEAST,
    OF_FEW,
    SHOWN,
    START,
    Outlook,
    outlook_report,
    share_for,
    share_reason,
    smallest_effect,
    unexplained,
)


def outlook(customers, risk=0.2, hoped=0.04, horizon=28, days=28):
    return Outlook(np.full(customers, risk), hoped, horizon, days)


@pytest.mark.slow
@pytest.mark.parametrize(("customers", "share"), [(2_000, 0.3), (2_000, 0.1), (600, 0.5)])
def test_the_smallest_effect_is_shown_in_four_of_five_trials(customers, share):
    """1,500 trials by the rule that the formula assumes: adjusted by the risk, intervals of 95 %.

    Restated: outcomes less their risk, a difference of means, its own estimated error.
    """
    rng = np.random.default_rng(11)
    risk = rng.beta(2, 6, customers)
    effect = smallest_effect(customers, share, unexplained(risk))
    assert effect is not None
    trials = 1_500
    withheld = rng.random((trials, customers)) < share
    # Treated leave less often, all by about the same number of points.
    lowered = np.where(withheld, risk, np.clip(risk - effect, 0, 1))
    rest = (rng.random((trials, customers)) < lowered) - risk
    shown, claimed = [], []
    for gap, chosen in ((rest, shown), (rng.permuted(rest, axis=1), claimed)):
        many = withheld.sum(axis=1)
        means = [
            (gap * who).sum(axis=1) / n
            for who, n in ((withheld, many), (~withheld, customers - many))
        ]
        spread = gap.std(axis=1) * np.sqrt(1 / many + 1 / (customers - many))
        chosen.extend((means[0] - means[1]) / spread > 1.96)
    assert abs(np.mean(shown) - 0.8) < 0.05
    assert np.mean(claimed) < 0.04  # one side of 5 %


def test_what_the_risk_explains_is_taken_off_the_variance():
    """Of risks of one half nothing is explained, of certain ones everything."""
    assert unexplained(np.full(9, 0.5)) == 0.25
    assert unexplained(np.array([0.0, 1.0])) == 0
    rng = np.random.default_rng(3)
    risk = rng.beta(1, 3, 200_000)
    left = (rng.random(200_000) < risk) - risk
    assert unexplained(risk) == pytest.approx(left.var(), rel=0.01)


def test_more_customers_and_a_more_even_share_show_smaller_effects():
    effects = [smallest_effect(n, 0.3, 0.16) for n in (500, 5_000, 50_000)]
    assert effects == sorted(effects, reverse=True)
    assert smallest_effect(5_000, 0.05, 0.16) > smallest_effect(5_000, 0.3, 0.16)
    assert smallest_effect(5_000, 0.0, 0.16) is None and smallest_effect(0, 0.3, 0.16) is None
    assert smallest_effect(5, 0.3, 0.25) is None  # more than everybody


def test_auto_withholds_thirty_per_cent_while_effects_are_assumed_and_less_of_known_ones():
    firm = outlook(2_000)
    assert share_for(None, firm) == START
    shares = [share_for(t, firm) for t in (0.0, 2.0, SHOWN, 3.5, 4.5, 5.5, 8.0)]
    assert shares[:3] == pytest.approx([START] * 3)
    assert shares == sorted(shares, reverse=True) and shares[-1] == LEAST
    assert share_for(-4.5, firm) == share_for(4.5, firm)
    # As many standard errors as are shown, from as many customers as gave t of them at START.
    for t in (3.5, 4.5):
        share = share_for(t, firm)
        assert t * (share * (1 - share) / (START * (1 - START))) ** 0.5 == pytest.approx(SHOWN)
    assert share_reason({"mail": 4.0}, firm) == "known"
    assert share_reason({"mail": 1.0}, firm) == share_reason({}, firm) == "assumed"


def test_a_firm_too_small_to_show_what_it_hopes_for_withholds_a_tenth_and_says_so():
    small, large = outlook(76), outlook(5_000)
    assert share_for(None, small) == OF_FEW and share_reason({}, small) == "too_few"
    assert share_for(None, large) == START and share_reason({}, large) == "assumed"
    assert share_for(6.0, small) < OF_FEW  # what is known is known
    assert share_for(1.0, small) == share_for(-2.0, small) == OF_FEW  # and this is not
    assert share_for(None, outlook(76, hoped=0.2)) == START  # a large effect would be shown
    assert share_for(None, outlook(0)) == START and share_for(None, None) == START


def test_plans_count_once_their_outcome_is_there_and_do_not_overlap():
    firm = outlook(400, horizon=28, days=28)
    assert [firm.plans_by(days) for days in (27, 28, 55, 56, 365)] == [0, 1, 1, 2, 13]
    rare = outlook(400, horizon=28, days=90)
    assert [rare.plans_by(days) for days in (28, 117, 118, 365)] == [1, 1, 2, 4]
    report = outlook_report(firm, 0.3, dt.date(2018, 1, 1))
    assert [(row["date"], row["plans"]) for row in report["by_date"]] == [
        ("2018-01-29", 1), ("2018-04-01", 3), ("2018-06-30", 6), ("2019-01-01", 13),
    ]  # fmt: skip
    effects = [row["smallest_effect"] for row in report["by_date"]]
    assert effects == sorted(effects, reverse=True)
    assert effects[0] == pytest.approx(smallest_effect(400, 0.3, 0.16))
    assert report["base_rate"] == pytest.approx(0.2) and report["explained"] == pytest.approx(0)
    nobody = outlook_report(outlook(0), 0.3, dt.date(2018, 1, 1))
    assert nobody["base_rate"] is None
    assert [row["smallest_effect"] for row in nobody["by_date"]] == [None] * 4


def test_a_long_horizon_is_looked_at_when_it_ends():
    report = outlook_report(outlook(400, horizon=400, days=400), 0.3, dt.date(2018, 1, 1))
    assert [row["plans"] for row in report["by_date"]] == [1]
