"""What the summary says of a plan: whom it withholds, and what that will show."""

import pandas as pd
import pytest

from pipelines.reports.summary import plan_lines

SHOWN = [
    {"date": "2018-01-29", "plans": 1, "customers": 50, "smallest_effect": None},
    {"date": "2018-04-01", "plans": 3, "customers": 150, "smallest_effect": 0.21},
    {"date": "2019-01-01", "plans": 13, "customers": 650, "smallest_effect": 0.101},
]


@pytest.fixture
def planned():
    """The lines on a plan for two calls, one of them withheld unless told otherwise."""

    def lines(language="en", withheld=True, **changes):
        cards = pd.DataFrame({"intended_action": ["call", "call", None]})
        plan = {
            "by_arm": {"treated": {}},
            "budget": {"to_spend": 0, "limit": 0},
            "holdout_share": 0.3,
            "arms": {"holdout_share_by": "assumed", "can_show": {"by_date": SHOWN}},
            **changes,
        }
        return plan_lines(plan, cards.assign(withheld=[withheld, False, False]), language)

    return lines


def test_who_is_withheld_is_told_with_the_share_and_what_it_will_show(planned):
    *_, held, first, last = planned()
    assert "A further 1 customer held back" in held and "30% by lot while effects are" in held
    assert "by Apr 1, 2018 whether actions keep at least 21% of" in first
    assert "by Jan 1, 2019 whether actions keep at least 10.1% of" in last
    assert "held back" not in " ".join(planned(withheld=False))
    by = {"holdout_share_by": "assumed", "withheld_by": {"persistent_control": 1}}
    told = (
        "effect. Of them 1 get no offers from any plan: they show what all offers together do. Each"
    )
    assert told in planned(arms=by)[-1]
    older = planned(arms={})
    assert older[-1].endswith("A further 1 customer held back to measure the effect.")
    assert "по жребию оставляет без действия" in planned("ru")[-3]


def test_too_few_customers_and_no_budget_are_told(planned):
    few = {"holdout_share_by": "too_few", "can_show": {"by_date": SHOWN[:1]}}
    assert "Too few customers to show any effect by Jan 29, 2018" in planned(arms=few)[-1]
    ghost = planned(unpaid={"customers": 1})
    assert "1 customer would get one. Nobody is contacted" in ghost[-1]


@pytest.mark.parametrize(
    ("by", "share", "control", "said"),
    [
        ("given", 0, 0, "neither what each does nor what all do together"),
        ("given", 0, 0.05, "what each action does will never be shown"),
        ("given", 0.3, 0, "what all offers do together will never be shown"),
        ("assumed", 0.3, 0, "what all offers do together will never be shown"),
        ("given", 0.3, 0.05, None),
    ],
)
def test_without_anybody_withheld_no_effect_is_promised(planned, by, share, control, said):
    arms = {
        "holdout_share_by": by,
        "persistent_control": control,
        "can_show": {"by_date": SHOWN},
    }
    told = " ".join(planned(arms=arms, holdout_share=share))
    assert told.count("never be shown") == (said is not None) and (said or "") in told
    assert ("keep at least" in told) == (share > 0)
    assert "0% by lot" not in told.replace("30% by lot", "")
    ghost = planned(arms=arms, holdout_share=share, unpaid={"customers": 1})
    assert "never" not in " ".join(ghost)  # nobody is contacted either


def test_a_plan_without_gains_says_why_and_who_comes_first(planned):
    told = planned(no_gains="no_margin", ranked_by="value_at_risk")
    assert "No margin rate is set" in told[1] and "come by value at risk" in told[2]
