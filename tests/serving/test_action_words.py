"""What the catalogue says of an action reaches people filled, in their language, or not at all."""

import re
from itertools import product
from pathlib import Path

import pytest

from actions.plan.catalog import SHIPPED
from actions.plan.catalog_file import load_catalog
from actions.plan.eligibility import OnlyIf, Span, condition_names
from actions.plan.talking_points import FOUND, PLACEHOLDERS
from serving.cards.action_words import (
    NO_ACTIONS,
    NO_WORDS,
    Words,
    action_name,
    actions_of,
    blocked_sentence,
    point_values,
    talking_points,
)
from serving.cards.fields import read_for
from serving.cards.worded import worded
from serving.store.shapes import FIELDS
from serving.wording.languages import LANGUAGES
from serving.wording.talking import pointed

ROOT = Path(__file__).parents[2]
CATALOGS = {file: load_catalog(ROOT / file) for file in SHIPPED.values()}
ACTIONS = actions_of({"actions": CATALOGS["actions.yaml"].facts()})
WORDS = Words(ACTIONS)
CARD = {
    "name": "Анна",
    "owner": "Борис",
    "reasons": [{"direction": "up", "sentence": "Usually buys every 9 days"}],
    "next_categories": {"any": [{"category": "tea"}, {"category": "milk"}], "new": []},
    "as_of_date": "2018-01-02",
    "last_purchase_date": "2017-11-02",
    "next_purchase_date": {"median": "2018-01-16"},
    "value_at_risk": 48.0,
}


def test_every_placeholder_of_the_catalogue_has_a_value_and_no_other_has():
    assert set(point_values(CARD, "en")) == set(PLACEHOLDERS)
    assert point_values({}, "en") == dict.fromkeys(PLACEHOLDERS)


def test_points_are_filled_from_the_customers_own_values():
    said = talking_points("replenishment_reminder", CARD, WORDS, "en")
    assert said[:2] == [
        "The next purchase is likely around January 16, 2018.",
        "Probably on the list: tea and milk.",
    ]
    russian = talking_points("replenishment_reminder", CARD, WORDS, "ru")[0]
    # The day ends with a full stop of its own, and the sentence has no second one.
    assert re.sub(r"\s", " ", russian) == (
        "Следующая покупка вероятна около этого дня: 16 января 2018 г."
    )


@pytest.mark.parametrize("file", CATALOGS)
def test_nobody_reads_a_bare_placeholder_whatever_is_known(file):
    """Each value unknown in turn, and all: its points are left out, and the others are whole."""
    actions = actions_of({"actions": CATALOGS[file].facts()})
    for name, unknown, language in product(actions, (None, *CARD, "all"), LANGUAGES):
        card = {} if unknown == "all" else {**CARD, unknown: None} if unknown else CARD
        templates = actions[name].talking_points[language]
        said = talking_points(name, card, Words(actions), language)
        values = point_values(card, language)
        known = [t for t in templates if all(values[one] for one in FOUND.findall(t))]
        assert len(said) == len(known)
        assert not any(sign in text for text in said for sign in "{}[]")
        assert not any("None" in text or ".." in text for text in said)


def test_what_a_customer_is_called_is_never_read_as_a_placeholder():
    assert pointed("Dear {customer_name}.", "en", {"customer_name": "{owner}"}) == "Dear {owner}."


def test_the_name_is_the_catalogues_and_else_ours_and_else_the_id_made_readable():
    assert action_name("thank_you_note", ACTIONS, "ru") == "Благодарность"
    assert action_name("check_in_email", NO_ACTIONS, "en") == "Check-in e-mail"  # older releases
    assert action_name("garden_party", NO_ACTIONS, "en") == "Garden party"


@pytest.mark.parametrize(
    ("action", "condition", "english", "russian"),
    [
        (
            "check_in_email",
            "lifecycle_stage",
            "For customers who buy less often than they used to or who have been silent for much "
            "longer than usual",
            "Для клиентов, которые стали покупать реже или молчат гораздо дольше обычного",
        ),
        (
            "owner_phone_call",
            "abc_class",
            "For customers who bring most of the revenue",
            "Для клиентов, которые приносят основную часть выручки",
        ),
        (
            "second_purchase_nudge",
            "purchases",
            "For customers with at most 1 purchase",
            "Для клиентов, у которых не более 1 покупки",
        ),
        (
            "personal_coupon",
            "risk_band",
            "For customers at medium or high risk",
            "Для клиентов, у которых риск средний или высокий",
        ),
    ],
)
def test_a_blocked_action_says_for_whom_it_is(action, condition, english, russian):
    entry = {"action_id": action, "reason": "not_applicable", "condition": condition}
    assert blocked_sentence(entry, WORDS, "en") == english
    assert blocked_sentence(entry, WORDS, "ru") == russian
    without = {"action_id": action, "reason": "not_applicable"}
    assert blocked_sentence(without, NO_WORDS, "en").startswith("For other customers")


def test_every_condition_of_a_catalogue_can_be_told_with_either_bound_or_both():
    for name, language in product(condition_names(), LANGUAGES):
        is_span = Span in (OnlyIf.model_fields[name].annotation.__args__)
        wanted = [{"min": 2}, {"max": 5}, {"min": 2, "max": 5}, {"min": 2, "max": 2}]
        for own in wanted if is_span else [["high", "medium"]]:
            actions = actions_of({"actions": {"own": {"only_if": {name: own}}}})
            entry = {"action_id": "own", "reason": "not_applicable", "condition": name}
            said = blocked_sentence(entry, Words(actions), language)
            assert said.startswith("For customers" if language == "en" else "Для клиентов"), name


def test_a_card_tells_names_points_and_whom_blocked_actions_are_for():
    assert set(read_for(["intended_action"])) <= FIELDS
    told = worded(
        {
            **CARD,
            "reasons": [],
            "intended_action": {
                "action_id": "thank_you_note",
                "why": None,
                "blocked": [
                    {"action_id": "referral_invitation", "reason": "not_applicable",
                     "condition": "nps"}
                ],
            },
        },
        WORDS,
        "en",
        ["intended_action"],
    )  # fmt: skip
    assert set(told) == {"intended_action"}
    action = told["intended_action"]
    assert action["name"] == "Thank-you note"
    assert "Signed by Борис." in action["talking_points"]
    assert action["blocked"][0]["sentence"] == "For customers who last rated us 9 of 10 or better"
