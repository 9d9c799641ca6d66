import hashlib

import numpy as np
import pytest

from actions.plan.draws import CONTROL, PLAN, drawn

IDS = [f"{number:05d}" for number in range(20_000)]


def test_a_draw_depends_on_customer_salt_and_occasion_alone():
    """Restated: 8 bytes of sha256 over salt, occasion and id, the top 53 bits as a share."""
    found = drawn(IDS[:50], "salt", (PLAN, "2018-01-01"))
    for customer, numbers in zip(IDS, found, strict=False):
        text = f"salt\x1fplan\x1f2018-01-01\x1f{customer}"
        digest = hashlib.sha256(text.encode()).digest()
        four = [int.from_bytes(digest[at : at + 8], "big") for at in (0, 8, 16, 24)]
        assert numbers.tolist() == [number // 2**11 / 2**53 for number in four]
    assert (drawn(IDS[49::-1], "salt", (PLAN, "2018-01-01")) == found[::-1]).all()


def test_draws_are_uniform_and_independent_of_each_other_and_of_other_occasions():
    """Means, variances and correlations within five standard errors."""
    occasions = [("salt", (PLAN, "a")), ("salt", (PLAN, "b")), ("salt", (CONTROL, "a"))]
    numbers = np.hstack([drawn(IDS, *one) for one in [*occasions, ("pepper", (PLAN, "a"))]])
    error = len(IDS) ** -0.5
    assert numbers.min() >= 0 and numbers.max() < 1
    assert np.abs(numbers.mean(axis=0) - 1 / 2).max() < 5 * error * 12**-0.5
    assert np.abs(numbers.var(axis=0) - 1 / 12).max() < 5 * error * 180**-0.5
    correlations = np.corrcoef(numbers.T) - np.eye(numbers.shape[1])
    assert np.abs(correlations).max() < 5 * error


@pytest.mark.parametrize("one", [("1", ("ab", "c")), ("", ("1", "ab")), ("1\x1fa", ("b", "c"))])
def test_parts_of_a_draw_cannot_be_mistaken_for_each_other(one):
    assert (drawn(IDS[:9], *one) != drawn(IDS[:9], "1", ("a", "bc"))).all()


def test_nobody_draws_nothing():
    assert drawn([], "salt", (PLAN, "")).shape == (0, 4)
