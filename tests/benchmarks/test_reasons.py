"""The figures of `make bench-reasons`: a reason that disagrees with itself is counted."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.reasons import contradicts, figures, leaving_of, plain_meaning, reads_equal
from models.churn.shown import FEATURES_SHOWN
from models.churn.shown import plain_meaning as as_told


def reason(feature="orders_30d", value=1.0, typical=4.0, own=None, direction="up", **more):
    group = next(group for group, names in FEATURES_SHOWN.items() if feature in names)
    return {
        "group": group,
        "feature": feature,
        "value": value,
        "typical_value": typical,
        "own_usual": own,
        "direction": direction,
        "contribution": 0.4,
        "message_key": f"reason.{group}.{direction}",
        **more,
    }


def unknown(_feature, _value):
    return 0.0, 1.0


@pytest.mark.parametrize(
    ("given", "against"),
    [
        (reason(), False),
        (reason(value=9.0), True),
        (reason(value=9.0, direction="down"), False),
        (reason("days_since_last_purchase", 10.0, 4.0, own=38.0), True),
        (reason("days_since_last_purchase", 10.0, 4.0), False),
        (reason("days_since_last_purchase", 10.0, None), True),  # beside all who stayed
        (reason(value=None, typical=None), False),
    ],
)
def test_a_value_that_argues_against_its_direction_contradicts(given, against):
    assert contradicts(given, plain_meaning(given["feature"], "lapse"), 12.0, unknown) == against


def test_where_nothing_has_a_plain_meaning_the_leavers_nearby_say_it():
    given = reason("stores_90d", 2.0, 3.0)
    for excess, against in ((0.2, False), (-0.2, True), (-0.01, False)):
        assert contradicts(given, 0, None, lambda *_, gap=excess: (gap, 0.05)) == against


def test_meanings_are_stated_twice_and_both_say_the_same():
    """What the benchmark takes for plain is plain to the reasons too, and the other way round."""
    for feature in {name for shown in FEATURES_SHOWN.values() for name in shown}:
        for churn in ("lapse", "cancellation"):
            assert plain_meaning(feature, churn) == as_told(feature, churn), (feature, churn)


def test_values_that_read_alike_are_equal():
    assert reads_equal(reason("gap_last", 5.6, 6.3))
    assert reads_equal(reason(value=4.0, typical=1.0, own=4.0))
    assert not reads_equal(reason()) and not reads_equal(reason(value=None, typical=None))


def test_leaving_nearby_is_compared_with_customers_of_the_same_gap():
    rng = np.random.default_rng(5)
    gap = rng.choice([5.0, 50.0], 4000)
    rows = pd.DataFrame(
        {
            "customer_id": range(4000),
            "gap_mean": gap,
            "planted": rng.random(4000),
            "gap_again": gap + rng.random(4000),
        }
    )
    left = rng.random(4000) < 0.2 + 0.5 * (gap > 9) + 0.2 * (rows["planted"] > 0.5)
    near = leaving_of(rows.assign(churned=left.astype(float)))
    assert near("planted", 0.9)[0] > 0.05 > -0.05 > near("planted", 0.1)[0]
    excess, error = near("gap_again", 50.0)
    assert abs(excess) < 2.5 * error


def test_the_figures_of_cards():
    same = reason(typical_of="all")
    contradicting = reason(value=9.0, contribution=0.2)
    cards = pd.DataFrame(
        {
            "customer_id": list("abcd"),
            "risk_rank": [2, 1, 3, 4],
            "churn_definition": "lapse",
            "reasons": [[same, contradicting], [same], [reason(value=2.0, own=2.0)], None],
        }
    )
    closed = pd.DataFrame(
        {"customer_id": list("xyz"), "churned": [0.0, 1.0, 0.0], "orders_30d": 3.0}
    )
    found = figures(cards, closed)
    assert (found["customers"], found["reasons"], found["top"]) == (3, 4, 3)
    assert (found["contradicting"], found["equal"], found["in_words"]) == (1, 1, 0)
    assert (found["same_sentence"], found["same_feature"], found["same_group"]) == (2, 3, 3)
    assert found["sentence"].endswith("those who stay, typically 4")
