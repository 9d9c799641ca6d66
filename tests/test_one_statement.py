"""What several packages have to agree on and cannot import from one another is held equal here."""

from pathlib import Path
from typing import get_args

from features.params import Churn
from models.next_purchase.when import INSIDE
from serving.cards.card import NextPurchase
from sources.kinds.simulator.worlds import Kind

ROOT = Path(__file__).resolve().parents[1]


def test_the_simulator_knows_the_two_ways_of_leaving_that_a_task_can_ask_for():
    assert get_args(Kind) == get_args(Churn)


def test_pages_that_tell_the_share_inside_the_interval_tell_the_one_that_is_drawn():
    told = f"{100 * INSIDE:.0f} % interval"
    texts = [NextPurchase.__doc__]
    texts += [(ROOT / "docs" / name).read_text() for name in ("release.md", "metrics.md")]
    for text in texts:
        assert told in text
