"""How values read in sentences: days, rhythms, money, dates, names of the company's own."""

import math
import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from serving.wording import sentences as wording
from serving.wording import writing
from serving.wording.sentences import field_label, label, sentence


def plain(text):
    """Babel's narrow and no-break spaces as plain ones."""
    return re.sub(r"[\u00a0\u202f]", " ", text)


@pytest.mark.parametrize(
    ("days", "russian", "english"),
    [
        (0, "меньше суток", "less than a day"),
        (1, "день", "1 day"),
        (2, "2 дня", "2 days"),
        (5, "5 дней", "5 days"),
        (11, "11 дней", "11 days"),
        (21, "21 день", "21 days"),
        (22, "22 дня", "22 days"),
        (111, "111 дней", "111 days"),
        (1.0, "день", "1 day"),
        (1.5, "1,5 дня", "1.5 days"),
        (0.96, "день", "1 day"),
        (21.4, "21 день", "21 days"),
        (1021, "1 021 день", "1,021 days"),
    ],
)
def test_days_are_in_the_plural_form_of_the_number_as_shown(days, russian, english):
    told = {"feature": "days_since_last_purchase", "value": days}
    assert plain(sentence("reason.recency.up", "ru", **told)) == (
        f"Последняя покупка {russian} назад"
    )
    assert plain(sentence("reason.recency.up", "en", **told)) == f"Last bought {english} ago"


def test_a_rhythm_reads_as_a_person_would_say_it():
    reason = {
        "group": "rhythm",
        "feature": "days_since_last_purchase",
        "value": 31.0,
        "typical_value": 7.0,
        "own_usual": 9.2,
        "direction": "up",
        "contribution": 0.4,
        "message_key": "reason.rhythm.up",
    }
    english = sentence(reason["message_key"], "en", **reason)
    assert english == "Usually buys every 9 days, last bought 31 days ago"
    russian = sentence(reason["message_key"], "ru", **reason)
    assert russian == "Обычно покупает раз в 9 дней, последняя покупка 31 день назад"


@pytest.mark.parametrize("unknown", [None, math.nan, np.float64("nan"), pd.NaT, pd.NA])
def test_an_unknown_value_takes_the_variant_that_does_without(unknown):
    known = {"feature": "days_since_last_purchase", "value": 31.0, "own_usual": unknown}
    assert sentence("reason.rhythm.up", "en", **known) == "Last bought 31 days ago"
    assert sentence("reason.rhythm.up", "en", **{**known, "value": unknown}) == (
        "The present silence against the usual gaps"
    )


@pytest.mark.parametrize(
    ("beside", "english", "russian"),
    [
        ({"own_usual": 4.25, "typical_value": 3.0, "typical_of": "alike"},
         "; before that, usually 4.2", "; раньше обычно 4,2"),
        ({"own_usual": None, "typical_value": 3.0, "typical_of": "alike"},
         "; similar customers who stay, typically 3",
         "; у похожих клиентов, которые остаются, обычно 3"),
        ({"own_usual": None, "typical_value": 5.0, "typical_of": "all"},
         "; those who stay, typically 5", "; у тех, кто остаётся, обычно 5"),
        ({"own_usual": None, "typical_value": 5.0},  # of a release that knew no customers alike
         "; those who stay, typically 5", "; у тех, кто остаётся, обычно 5"),
        ({"own_usual": None, "typical_value": None, "typical_of": None}, "", ""),
    ],
)  # fmt: skip
def test_a_value_is_told_beside_what_argues_best(beside, english, russian):
    told = {"feature": "orders_30d", "value": 0.0, **beside}
    text = plain(sentence("reason.frequency.up", "en", **told))
    assert text == f"Purchases in the last 30 days: 0{english}"
    text = plain(sentence("reason.frequency.up", "ru", **told))
    assert text == f"Покупок за последние 30 дней: 0{russian}"


def test_a_column_of_the_company_s_own_is_named_in_words_too():
    told = {"feature": "column_Тариф", "value": None, "typical_value": None}
    assert sentence("reason.columns.up", "en", **told) == "Тариф, together with the other columns"
    told |= {"typical_value": "Про"}
    assert sentence("reason.columns.up", "ru", **told).startswith("Тариф: не указано; у тех, кто")


@pytest.mark.parametrize(
    ("feature", "value", "english", "russian"),
    [
        ("orders_90d", 3.0, "Purchases in the last 90 days: 3", "Покупок за последние 90 дней: 3"),
        ("orders_7d", 0.0, "Purchases in the last 7 days: 0", "Покупок за последние 7 дней: 0"),
        ("orders_rate", 0.0714, "Purchases a day: 0.071", "Покупок в день: 0,071"),
        ("amount_90d", 1234.5, "Spent in the last 90 days: 1,234",
         "Потрачено за последние 90 дней: 1 234"),
        ("amount_mean", 34.5, "Spent a purchase: 34.50", "Потрачено за одну покупку: 34,50"),
        ("category_top_share", 0.314, "Share of the most bought category: 31%",
         "Доля самой частой категории: 31 %"),
        ("gap_last", 21.0, "Last gap between purchases: 21 days",
         "Последний промежуток между покупками: 21 день"),
        ("gap_recent_over_mean", 1.52, "Last three gaps against the mean gap: 1.5 ×",
         "Три последних промежутка по сравнению со средним: 1,5 ×"),
        ("tenure_is_censored", 1.0, "First known purchase near the start of the data: yes",
         "Первая известная покупка в самом начале данных: да"),
    ],
)  # fmt: skip
def test_a_value_is_written_in_the_unit_of_its_feature(feature, value, english, russian):
    values = {"feature": feature, "value": value, "typical_value": None}
    assert plain(sentence("reason.frequency.up", "en", **values)) == english
    assert plain(sentence("reason.frequency.up", "ru", **values)) == russian


@pytest.mark.parametrize(
    ("last", "before", "words"),
    [
        (0, 5, "down by half or more"),
        (2, 5, "down by half or more"),
        (4, 5, "down"),
        (20, 20, "about the same"),
        (6, 5, "up"),
        (5, 2, "doubled or more"),
        (1, 0, "doubled or more"),
    ],
)
def test_a_log_ratio_is_put_in_words_that_are_true_of_the_counts(last, before, words):
    value = math.log((last + 1) / (before + 1))
    text = sentence("reason.trend.up", "en", feature="orders_change_30d", value=value)
    assert text == f"Purchases in the last 30 days against those before: {words}"


def test_money_carries_its_currency_where_one_is_known():
    values = {"expected_cost": 0.02, "expected_gain": 1234.5}
    assert sentence("why.reminder", "en", **values) == (
        "A reminder costs 0.02; expected gain 1,234"
    )
    assert sentence("why.reminder", "en", **values, currency="USD") == (
        "A reminder costs $0.02; expected gain $1,234"
    )
    assert plain(sentence("why.reminder", "ru", **values, currency="RUB")) == (
        "Напоминание стоит 0,02 ₽; ожидаемая выгода 1 234 ₽"
    )


@pytest.mark.parametrize(
    "day",
    [date(2018, 1, 3), pd.Timestamp("2018-01-03 00:00"), "2018-01-03", "2018-01-03T00:00:00Z"],
)
def test_dates_of_every_kind_read_the_same(day):
    figure = {"as_of_date": day, "horizon_days": 21}
    assert sentence("figure", "en", **figure) == "As of January 3, 2018, for the next 21 days"
    assert plain(sentence("figure", "ru", **figure)) == ("На 3 января 2018 г., прогноз на 21 день")


@pytest.mark.parametrize(
    ("currency", "gain", "english", "russian"),
    [
        ("USD", 0.0999, "under $0.10", "менее 0,10 $"),
        ("USD", 0.1, "$0.10", "0,10 $"),
        ("USD", 0.0, "$0", "0 $"),
        ("USD", -0.05, "−$0.05", "−0,05 $"),
        ("RUB", 0.6, "under RUB1", "менее 1 ₽"),  # nobody pays with kopecks
        ("RUB", 12.4, "RUB12", "12 ₽"),
        ("JPY", 0.6, "under ¥1", "менее 1 ¥"),
        ("KWD", 0.05, "under KWD0.10", "менее 0,10 KWD"),
        (None, 0.05, "under 0.10", "менее 0,10"),
    ],
)
def test_a_gain_that_is_too_small_to_be_told_is_told_as_such(currency, gain, english, russian):
    for language, told in (("en", english), ("ru", russian)):
        assert plain(wording.written(gain, "gain", language, currency=currency)) == told


@pytest.mark.parametrize(
    ("share", "english", "russian"),
    [
        (0.0, "0%", "0 %"),
        (0.0004, "< 0.1%", "< 0,1 %"),
        (0.004, "0.4%", "0,4 %"),
        (0.31, "31%", "31 %"),
        (0.99, "99%", "99 %"),
        (0.9961, "99.6%", "99,6 %"),
        (0.99999, "99.9%", "99,9 %"),
        (1.0, "100%", "100 %"),
    ],
)
def test_what_is_less_than_sure_is_not_told_as_sure(share, english, russian):
    for language, told in (("en", english), ("ru", russian)):
        assert plain(wording.written(share, "percent", language)) == told


@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [(0.0061, "< 0.1", "< 0,1"), (1.46, "1.5", "1,5"), (0.0, "0", "0"), (12.4, "12", "12")],
)
def test_hardly_any_is_not_told_to_the_last_digit(count, english, russian):
    for language, told in (("en", english), ("ru", russian)):
        assert plain(wording.written(count, "expected", language)) == told


def test_beyond_the_curve_it_says_not_within():
    assert sentence("next_purchase.not_within", "en", reach_days=90) == "Not within 90 days"
    assert sentence("next_purchase.not_within", "ru", reach_days=90) == "Не в ближайшие 90 дней"


@pytest.mark.parametrize("text", ["{value}", "{value:days}", "<b>x</b>", "{0}", "%s", "}{", "\\1"])
def test_braces_and_markup_in_a_value_stay_text(text, monkeypatch):
    monkeypatch.setitem(writing.messages_of("en"), "test", ["Hello {name}, {value:days}"])
    assert sentence("test", "en", name=text, value=2) == f"Hello {text}, 2 days"
    assert field_label(text, "en") == text
    assert label(f"action.{text}", "en") == text[:1].upper() + text[1:]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Region size: <b>Ёлкино</b> {value}; those who stay, typically north"),
        ("ru", "Region size: <b>Ёлкино</b> {value}; у тех, кто остаётся, обычно north"),
    ],
)
def test_a_text_is_shown_as_it_is_under_the_user_s_own_name_for_it(language, words):
    values = {"feature": "attribute_region_size", "typical_value": "north"}
    text = sentence("reason.categories.up", language, value="<b>Ёлкино</b> {value}", **values)
    assert text == words


def test_a_text_that_is_missing_takes_the_variant_that_does_without():
    missing = {"feature": "attribute_region", "value": None, "typical_value": "north"}
    assert sentence("reason.categories.up", "en", **missing) == "The categories the customer buys"


def test_an_unknown_key_is_refused_with_the_nearest_known_one():
    with pytest.raises(LookupError, match=r"Did you mean reason\.rhythm\.up\?"):
        sentence("reason.rythm.up", "en")


def test_an_unknown_language_is_refused():
    with pytest.raises(LookupError, match="only en, ru"):
        sentence("not_known", "de")


def test_values_that_no_variant_can_do_without_are_named():
    with pytest.raises(LookupError, match="needs the values reach_days"):
        sentence("next_purchase.not_within", "en", reach_days=None)


def test_a_name_that_a_user_added_is_made_readable():
    assert label("action.garden_party", "ru") == "Garden party"
    assert label("action.do_nothing", "ru") == "Ничего не делать"
    assert field_label("shoe_size_90d", "en") == "shoe size 90d"


@pytest.mark.parametrize(
    ("days", "words"),
    [(2, "2 дней"), (7, "7 дней"), (21, "21 дня"), (28, "28 дней"), (91, "91 дня")],
)
def test_within_so_many_days_takes_the_genitive_in_russian(days, words):
    said = wording.sentence("churn_definition.lapse", "ru", horizon_days=days)
    assert said == f"Нет покупок в течение {words}"
