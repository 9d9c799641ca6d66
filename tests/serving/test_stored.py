"""A stored card is what the API returns, whatever version of this code has stored it."""

import json

import pytest

from serving.cards.card import (
    ScoreCard,
)
from serving.cards.parts import (
    Reason,
)
from serving.cards.stored import as_json, read_card
from tests.serving.releases import cards_in, company, write_release


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Cards as publishing stores them."""
    folder = write_release(tmp_path_factory.mktemp("r") / "release", company(20))
    return [card.model_dump_json(exclude={"purchases"}) for card in cards_in(folder)]


def as_the_schema_says(text):
    return ScoreCard.model_validate_json(text).model_dump(mode="json")


def test_it_is_what_the_schema_describes(texts):
    for text in texts:
        assert read_card(text) == as_the_schema_says(text)
        assert json.loads(as_json(read_card(text))) == as_the_schema_says(text)


def test_an_older_card_has_the_defaults_of_fields_that_came_later(texts):
    card = json.loads(texts[0])
    del card["rung"], card["reasons"][0]["unit"], card["intended_action"]["why"]["sentence"]
    text = json.dumps(card)
    assert read_card(text)["rung"] is None
    # Always in one order: tags of answers depend on it, and other processes have to know them.
    assert list(read_card(text)) == [*card, "rung", "purchases"]
    assert read_card(text) == as_the_schema_says(text)


def test_fields_of_other_code_are_left_out(texts):
    card = json.loads(texts[0])
    card["mood"] = card["reasons"][0]["mood"] = card["next_purchase_date"]["mood"] = "good"
    assert read_card(json.dumps(card)) == read_card(texts[0]) == as_the_schema_says(texts[0])


def test_every_default_can_be_written_as_json(texts):
    """Also one that is made anew for each card, as an empty list is."""
    needed = [name for name, field in ScoreCard.model_fields.items() if field.is_required()]
    card = {name: json.loads(texts[0])[name] for name in needed}
    card["reasons"] = [
        {name: value for name, value in reason.items() if Reason.model_fields[name].is_required()}
        for reason in card["reasons"]
    ]
    text = json.dumps(card)
    assert json.loads(as_json(read_card(text))) == as_the_schema_says(text)
