"""Rules that every message keeps: dashes, quotes, minus signs, units and plural forms."""

import re

import pytest
from babel import Locale

from benchmarks.zoo.checks import PROGRAMS_WORDS
from features.snapshot import all_features
from serving.wording import sentences as wording
from serving.wording import writing
from serving.wording.languages import LANGUAGES
from serving.wording.sentences import written
from tests.each import check_each

PLACEHOLDER = writing.PLACEHOLDER
NUMERIC = ("number", "decimal", "percent", "share", "points", "fine_points", "error", "money")
UNIT_WORDS = {
    "days": {"en": r"\bdays?\b", "ru": r"\b(дн(я|ей|ям|ями|ях)|день)\b"},
    "money": {"en": r"\b(dollars?|money)\b|\$", "ru": r"\b(рубл|доллар)|₽|\$"},
    "share": {"en": r"per ?cent|%", "ru": r"процент|%"},
}
# Names that a Russian reader knows by these letters, and what is typed or stands in a file as is.
LATIN = {"ABC", "API", "AUC", "AUTOC", "CSAT", "CSV", "Excel", "JSON", "NPS", "PSI", "RFM", "auto"}
LATIN |= {
    "Regulars",
    "UTC",
    "LTV",
    "CRM",
    "make",
    "run",
    "contacts",
    "consents",
    "tickets",
    "surveys",
    "orders",
    "known_at",
}


def texts(language):
    """Every text of a language with the key of its message."""
    return [(key, text) for key, some in writing.messages_of(language).items() for text in some]


def bare(text):
    """A message without its values, as ∅, and without what stands in the code as it is."""
    return PLACEHOLDER.sub("∅", re.sub(r"`[^`]*`|\b[a-z_]+(\.[a-z_]+)+\b", "", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_has_straight_quotes(language):
    assert [key for key, text in texts(language) if '"' in bare(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_has_a_word_that_says_a_value_leaked(language):
    """Where a page says `None`, it must be Python's: nobody can find it among words of ours."""
    assert [key for key, text in texts(language) if PROGRAMS_WORDS.search(bare(text))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_one_dash_and_it_is_no_hyphen(language):
    """The en dash: without spaces in a range of numbers, with spaces between words."""
    for key, text in texts(language):
        assert "—" not in text and " - " not in text, key
        for before, after in re.findall(r"(.)–(.)", bare(text)):
            is_range = (before in "∅" or before.isdigit()) and (after in "∅" or after.isdigit())
            assert (before.isspace() and after.isspace()) or is_range, key
    if language == "en":  # English has dashes in ranges only: it would say nothing otherwise
        between_words = [
            key for key, text in texts("en") if re.search("[^∅] – |– [^∅]", bare(text))
        ]
        assert between_words == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_in_a_range_follow_the_same_rule(language):
    import datetime as dt

    low = dt.date(2018, 1, 4)
    near = writing.period(low, dt.date(2018, 1, 12), language)
    far = writing.period(low, dt.date(2018, 3, 12), language)
    assert "4–12" in near and re.search(r"\S – \S", far)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NUMERIC)
def test_less_than_nothing_has_a_minus_sign(language, kind):
    for value in (-0.031, -3.14, -1234.5):
        for currency in (None, "USD", "RUB"):
            text = written(value, kind, language, currency=currency)
            assert "-" not in text, text
            assert ("−" in text) == bool(re.search("[1-9]", text)), text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["points", "fine_points", "error"])
def test_what_is_shown_as_nothing_has_no_sign(language, kind):
    for value in (0.0, -0.0, 0.00001, -0.00001):
        assert not re.search("[+−-]", written(value, kind, language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("unit", ["days", "money", "share"])
def test_a_unit_stands_in_the_label_or_with_the_value_but_not_in_both(language, unit):
    def once(name):
        label = wording.field_label(name, language)
        label = re.sub(r"(last|последни[ех]) [\d\xa0]+ \w+|the \d+ \w+ before", "", label)
        assert not re.search(UNIT_WORDS[unit][language], label), label

    names = [one.name for one in all_features() if one.group and one.unit == unit]
    assert len(names) > 2
    check_each([(name,) for name in names], once)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("unit", writing.units())
def test_every_unit_is_told_with_its_number_in_the_form_that_belongs_to_it(language, unit):
    forms = writing.units_in(language)[unit]
    plurals = set(Locale.parse(language).plural_form.tags) | {"other"}
    special = {"less", "single"}  # which say the number in words, and are of it alone
    assert set(forms) - special == plurals
    assert all("{n}" in text for form, text in forms.items() if form not in special)
    assert all("{n}" not in text for form, text in forms.items() if form in special)
    for number in (1, 2, 5, 11, 21):
        text = writing.counted(number, unit, language)
        form = Locale.parse(language).plural_form(number)
        if number == 1 and "single" in forms:
            assert text == forms["single"]
        else:
            assert text == forms[form].replace("{n}", str(number))
    if language == "ru":
        ending = {n: writing.counted(n, unit, "ru").replace(str(n), "") for n in (2, 5, 11, 21, 22)}
        assert ending[5] == ending[11] and ending[2] == ending[22]


def test_no_english_word_stands_in_a_russian_text():
    found = {
        (key, word)
        for key, text in texts("ru")
        for word in re.findall("[A-Za-z_]{2,}", bare(text))
        if word not in LATIN
    }
    assert found == set()


def test_a_day_that_was_yesterday_or_a_rhythm_of_days_reads_as_people_say_it():
    def told(language, usual, silent):
        reason = {"feature": "days_since_last_purchase", "own_usual": usual, "value": silent}
        return wording.sentence("reason.rhythm.up", language, **reason)

    assert told("en", 1.0, 0.0) == "Usually buys every day, last bought less than a day ago"
    assert (
        told("ru", 1.0, 0.0) == "Обычно покупает каждый день, последняя покупка меньше суток назад"
    )
    assert told("en", 0.5, 1.0) == "Usually buys more than once a day, last bought 1 day ago"
    assert told("ru", 0.5, 1.0) == "Обычно покупает чаще раза в день, последняя покупка день назад"
    assert told("ru", 21.0, 21.0).startswith("Обычно покупает раз в 21 день")
