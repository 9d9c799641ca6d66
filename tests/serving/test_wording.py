import re
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from actions.plan.catalog import CarriedOutBy, Why
from actions.plan.catalog_file import load_catalog
from actions.plan.gates import ALREADY_GONE, GATES, History
from actions.plan.holdout import WithheldBy
from actions.plan.ranked import RANKED_BY
from actions.plan.reasons import EXPLORATION, WHY_NOT
from features.families.definition import GROUPS, TEXT
from features.snapshot import all_features
from models.customers.relationship import HELD_BY, RELATIONSHIP_LEVELS, UNKNOWN
from models.customers.segments import ABC_CLASSES, LIFECYCLE_STAGES, RFM_SEGMENTS, RISK_BANDS
from models.gate import DataGate
from serving.wording import sentences as wording
from serving.wording import writing
from serving.wording.languages import LANGUAGES
from serving.wording.sentences import field_label, keys, sentence
from sources.meanings.vocabulary import DO_NOTHING
from tests.each import check_each

ROOT = Path(__file__).parents[2]
CATALOG = load_catalog(ROOT / "actions.yaml")
REASONS = [f"reason.{group}.{direction}" for group in GROUPS for direction in ("up", "down")]
NEEDED = [
    *REASONS,
    f"action.{DO_NOTHING}",
    *(f"carried_out_by.{who}" for who in get_args(CarriedOutBy)),
    *(f"channel.{channel}" for channel in (*CATALOG.channels(), "none")),
    *(f"why.{why}" for why in (*get_args(Why), *WHY_NOT, ALREADY_GONE)),
    EXPLORATION,
    *(f"{words}.{by}" for words in ("withheld_by", "withheld_why") for by in get_args(WithheldBy)),
    *(f"ranked.{by}" for by in RANKED_BY),
    *(f"blocked.{gate}" for gate in GATES),
    *(f"missing.{table}" for table in History().missing()),
    *(f"status.{name}" for name in ("scored", "rule", "insufficient_data", "already_churned")),
    *(f"risk_band.{name}" for name in RISK_BANDS),
    *(f"rfm_segment.{name}" for name in RFM_SEGMENTS),
    *(f"lifecycle_stage.{name}" for name in LIFECYCLE_STAGES),
    *(f"abc_class.{name}" for name in ABC_CLASSES),
    *(f"relationship_level.{name}" for name in (*RELATIONSHIP_LEVELS, UNKNOWN)),
    *(f"held_by.{name}" for name in HELD_BY),
    *(f"arm.{name}" for name in ("treated", "holdout")),
    *(f"effect_source.{name}" for name in ("assumed", "estimated")),
    *(f"change.{name}" for name in ("halved", "down", "steady", "up", "doubled")),
]


def variants(language):
    return writing.messages_of(language)


def plain(text):
    """Babel's narrow and no-break spaces as plain ones."""
    return re.sub(r"[\u00a0\u202f]", " ", text)


def test_both_languages_have_the_same_keys_in_the_same_order():
    assert list(variants("en")) == list(variants("ru"))
    assert set(keys()) == set(variants("en"))


def test_both_languages_use_the_same_values_in_each_variant():
    known = {"", *writing.units(), *wording.KINDS}

    def same(key):
        english, russian = (
            [sorted(writing.PLACEHOLDER.findall(text)) for text in variants(language)[key]]
            for language in LANGUAGES
        )
        assert english == russian
        assert {kind for text in english for _, kind in text} <= known

    check_each(keys(), same)


@pytest.mark.parametrize("what", get_args(DataGate.__value__))
def test_the_distance_to_a_model_can_be_told_in_both_languages(what):
    assert plain(sentence(f"gate.{what}", "en", have=1200, need=20)).startswith("1,200 of 20 ")
    assert "1 200 из 20" in plain(sentence(f"gate.{what}", "ru", have=1200, need=20))


def test_every_word_of_the_page_is_used():
    """And every one that is used exists: a template says so by failing."""
    folder = Path(wording.__file__).parents[1]
    files = [file for room in ("pages", "web", "cards") for file in (folder / room).glob("*.py")]
    files += (folder / "templates").glob("*.html")
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    parts = {"risk", "reason", "action", "value_at_risk", "next_purchase", "customer"}  # columns
    parts |= {f"rung_{number}" for number in range(2, 7)}
    for key in keys():
        name = key.removeprefix("page.")
        if key.startswith("page.") and name.removeprefix("label.") not in parts:
            # What is worded otherwise of a ready table is chosen by the macro `about`.
            about = f'about(t, release, "{name.removeprefix("label.")}"'
            assert f'"page.{name}"' in text or about in text, f"{key} is used nowhere"


def test_no_text_is_left_untranslated():
    for key, texts in variants("ru").items():
        for text in texts:
            words = writing.PLACEHOLDER.sub("", text)
            assert re.search("[а-яё]", words) or not re.search("[a-z]", words), key


def test_every_key_that_cards_and_plans_can_hold_has_a_sentence_without_any_value():
    def written(key, language):
        assert sentence(key, language)

    check_each(product(NEEDED, LANGUAGES), written)


def test_every_feature_has_a_label_and_its_values_can_be_written():
    def labelled(name, language):
        assert field_label(name, language) != name.replace("_", " ")
        values = {"feature": name, "value": 0.3, "typical_value": 12.0}
        text = sentence("reason.spend.up", language, **values)
        if f"reason_told.{name}" not in keys():
            assert field_label(name, language)[1:] in text
            assert text.count(":") == 1

    names = [feature.name for feature in all_features() if feature.group]
    check_each(product(names, LANGUAGES), labelled)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_feature_unit_is_one_that_a_sentence_can_write(language):
    written = {"money", "days", *wording.BY_UNIT}
    counts = {"orders", "lines", "units", "categories", "stores", "campaigns", "coupons", "nats"}
    counts |= {"visits", "opens", "clicks", "points", "referrals", "shares", "contacts", "channels"}
    counts |= {
        "tickets",
        "score",
        "subscriptions",
        "renewals",
        "standard deviations",
        "difference",
        "times",
    }
    rates = {"orders a day", "orders a month", "money a month", "money a period"}
    rates |= {"coupons a campaign", "opens a campaign", "clicks an open", "0 to 1", "-1 to 1"}
    assert {f.unit for f in all_features() if f.group} <= written | counts | rates | {TEXT}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_claims_a_cause_for_leaving(language):
    for key, texts in variants(language).items():
        if key.startswith("reason"):
            for text in texts:
                assert not re.search(r"because|due to|cause|потому|из-за|вследствие", text, re.I)
