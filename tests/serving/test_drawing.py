"""The purchase timeline: where things are drawn."""

import datetime as dt

import pytest

from serving.cards.parts import (
    Purchases,
)
from serving.pages.drawing import FLOOR, TALLEST, WIDTH, draw
from tests.serving.releases import AS_OF, card_row, cards_in, gone_row, write_release


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    folder = write_release(tmp_path_factory.mktemp("r") / "r", [card_row("1"), gone_row("2")])
    return cards_in(folder)[0]


def bought(*days, amounts=None):
    return [
        Purchases(day=AS_OF + dt.timedelta(days=day), orders=index + 1, amount=amount)
        for index, (day, amount) in enumerate(zip(days, amounts or [None] * len(days), strict=True))
    ]


def drawn(card, purchases, **when):
    expected = card.next_purchase_date.model_copy(update=when)
    return draw(
        card.model_copy(update={"purchases": purchases, "next_purchase_date": expected}), "en"
    )


def test_time_runs_from_left_to_right_and_everything_is_inside(card):
    drawing = drawn(card, bought(-300, -100, -1))
    xs = [bar.x for bar in drawing.bars]
    assert xs == sorted(xs)
    assert 0 < xs[0] < xs[-1] < drawing.as_of < drawing.low < drawing.median < drawing.high < WIDTH
    assert all(0 <= tick.at <= WIDTH for tick in drawing.ticks)


def test_a_day_is_as_wide_everywhere(card):
    drawing = drawn(card, bought(-300, -200, -100))
    a, b, c = (bar.x for bar in drawing.bars)
    assert b - a == pytest.approx(c - b, abs=0.2)
    assert drawing.as_of - c == pytest.approx(c - b, abs=0.2)


def test_the_height_of_a_bar_is_the_amount(card):
    low, high, refund = drawn(card, bought(-30, -20, -10, amounts=[50.0, 100.0, -20.0])).bars
    assert high.height == TALLEST
    assert (low.height - refund.height) * 2 == pytest.approx(high.height - refund.height, abs=0.2)
    assert refund.height > 0
    assert all(bar.y + bar.height == pytest.approx(FLOOR) for bar in (low, high, refund))


def test_without_amounts_the_height_is_the_number_of_purchases(card):
    drawing = drawn(card, bought(-30, -20))
    assert not drawing.has_money
    assert drawing.bars[0].height < drawing.bars[1].height == TALLEST


def test_an_open_interval_goes_on_to_the_end_and_none_is_not_drawn(card):
    whole = drawn(card, bought(-30), high=None, median=None)
    assert whole.median is None
    assert whole.low < whole.high <= WIDTH
    assert whole.high > drawn(card, bought(-30)).high
    nothing = drawn(card, bought(-30), high=None, median=None, low=None)
    assert nothing.low is nothing.high is None


def test_more_than_a_year_back_is_counted_not_drawn(card):
    drawing = drawn(card, bought(-500, -400, -366, -365, -1))
    assert (len(drawing.bars), drawing.days_before) == (2, 3)
    assert drawing.start == AS_OF - dt.timedelta(days=365)


def test_a_purchase_on_the_last_day_alone_can_be_drawn(card):
    drawing = drawn(card, bought(-1))
    assert len(drawing.bars) == 1
    assert drawing.ticks


def test_only_purchases_long_ago_draw_an_empty_year(card):
    drawing = drawn(card, bought(-900, -700))
    assert (drawing.bars, drawing.days_before) == ([], 2)


def test_nothing_bought_is_nothing_drawn(card):
    assert drawn(card, []) is None


def test_months_are_named_in_the_language(card):
    one = card.model_copy(update={"purchases": bought(-200, -1)})
    english = [tick.text for tick in draw(one, "en").ticks]
    russian = [tick.text for tick in draw(one, "ru").ticks]
    assert "Jan 2025" in english
    assert any("янв" in text for text in russian)
    assert len(english) == len(russian)
