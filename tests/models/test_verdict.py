import pytest

from models.judging.verdict import grade, probabilities, ranks, verdict


def ratio(low, high):
    return {"value": (low + high) / 2, "low": low, "high": high}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (ratio(0.85, 1.15), "hold"),
        (ratio(0.9, 1.1), "hold"),
        (ratio(1.07, 1.24), "unknown"),  # 1.15, and surely not known to be at most 1.15
        (ratio(0.5, 1.5), "unknown"),
        (ratio(1.151, 1.6), "off"),
        (ratio(0.6, 0.849), "off"),
        (None, "unknown"),
    ],
)
def test_probabilities_hold_or_not_only_where_the_whole_interval_says_so(found, expected):
    assert probabilities(found) == expected


@pytest.mark.parametrize(
    ("low", "gain", "expected"),
    [
        (0.004, 0.01, "clearly_better"),
        (0.004, 0.009, "better"),
        (0.0, 0.2, "not_shown"),
        (-0.01, -0.05, "not_shown"),
    ],
)
def test_a_gain_counts_where_it_is_sure(low, gain, expected):
    assert ranks({"value": gain, "low": low, "high": 0.3}) == expected
    assert ranks(None) == "not_shown"


def part(kind, name, found):
    return {"kind": kind, "part": name, "rows": 9, "left": 4, "expected": 3.0, **(found or {})}


@pytest.mark.parametrize(
    ("low", "overall", "parts", "expected"),
    [
        (0.01, ratio(0.9, 1.1), [], "A"),
        (0.01, ratio(0.9, 1.1), [part("abc_class", "A", ratio(1.1, 2.0))], "A"),
        (0.01, ratio(0.9, 1.1), [part("abc_class", "A", ratio(1.2, 2.0))], "B"),
        (0.01, ratio(0.9, 1.1), [part("value", "highest_third", ratio(0.3, 0.8))], "B"),
        (0.01, ratio(0.9, 1.1), [part("rfm_segment", "champions", ratio(1.2, 2.0))], "A"),
        (0.01, ratio(0.9, 1.1), [part("abc_class", "A", None)], "A"),
        (0.01, ratio(1.07, 1.24), [], "B"),
        (0.0, ratio(0.9, 1.1), [], "C"),
    ],
)
def test_an_a_needs_probabilities_that_hold_in_each_value_class(low, overall, parts, expected):
    found = verdict({"value": 0.05, "low": low, "high": 0.1}, overall, parts)
    assert grade(found) == expected
    assert (found["probabilities"] == "hold") == (expected in "AC")
