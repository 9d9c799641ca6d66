import hashlib

import pandas as pd
import pytest

from actions.plan.holdout import arm, epoch_of

IDS = [f"{number:05d}" for number in range(20_000)]


def share_of(ids, epoch="2018Q1", salt="salt", share=0.1):
    return sum(arm(customer, epoch, salt, share) == "holdout" for customer in ids) / len(ids)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_share_of_holdout_customers_is_the_one_asked_for(share):
    """Within four standard errors."""
    error = (share * (1 - share) / len(IDS)) ** 0.5
    assert abs(share_of(IDS, share=share) - share) < 4 * error


def test_an_arm_depends_on_customer_epoch_and_salt_alone():
    """Restated: first 8 bytes of sha256 over salt, epoch and id, as a share of 2^64."""
    for customer in IDS[:200]:
        digest = hashlib.sha256(f"salt\x1f2018Q1\x1f{customer}".encode()).hexdigest()
        expected = "holdout" if int(digest[:16], 16) / 2**64 < 0.3 else "treated"
        assert arm(customer, "2018Q1", "salt", 0.3) == expected


def test_another_epoch_and_another_salt_draw_independent_arms():
    """Of the holdout of one epoch, a tenth is in the holdout of the next."""
    held = [customer for customer in IDS if arm(customer, "2018Q1", "salt", 0.1) == "holdout"]
    assert abs(share_of(held, epoch="2018Q2") - 0.1) < 0.03
    assert abs(share_of(held, salt="pepper") - 0.1) < 0.03


def test_a_larger_share_keeps_those_already_in_the_holdout():
    small = {customer for customer in IDS if arm(customer, "e", "salt", 0.05) == "holdout"}
    large = {customer for customer in IDS if arm(customer, "e", "salt", 0.20) == "holdout"}
    assert small < large


def test_parts_of_salt_epoch_and_id_cannot_be_mistaken_for_each_other():
    pairs = [(arm(c, "1", "ab", 0.5), arm(c[1:], "1" + c[0], "ab", 0.5)) for c in IDS[:200]]
    assert any(one != other for one, other in pairs)


def test_nobody_is_held_out_with_share_zero():
    assert share_of(IDS[:1000], share=0.0) == 0


@pytest.mark.parametrize(
    ("day", "epoch"),
    [("2018-01-01", "2018Q1"), ("2018-03-31", "2018Q1"), ("2018-04-01", "2018Q2"),
     ("2017-12-31", "2017Q4")],
)  # fmt: skip
def test_the_automatic_epoch_is_the_quarter_of_the_as_of_date(day, epoch):
    assert epoch_of(pd.Timestamp(day), "auto") == epoch
    assert epoch_of(pd.Timestamp(day), "spring") == "spring"
