"""A release about cancellations, and reasons that are text: published, given out and shown."""

import re

import pytest

from core.errors import ArtifactError
from serving.store.database import open_store
from serving.store.publishing import publish
from tests.serving.conftest import Running
from tests.serving.reading_pages import page, text_of
from tests.serving.releases import WARES, card_row, gone_row, reason, write_release


def text_reason(value, typical, **changes):
    """As cards.parquet keeps a reason whose value is a text."""
    return reason(
        group="categories",
        feature="attribute_region",
        value=None,
        typical_value=None,
        own_usual=None,
        value_text=value,
        typical_text=typical,
        typical_of="all",
        message_key="reason.categories.up",
        **changes,
    )


ROWS = [
    card_row("1", reasons=[text_reason("Ёлкино", "Москва"), reason("down")]),
    card_row("2", risk_rank=2, reasons=[text_reason("<b>1</b>", "12", contribution=0.4)]),
    gone_row("3"),
    gone_row("4", last_purchase_date=None),
]


@pytest.fixture(scope="module")
def told(new_store_url, tmp_path_factory):
    """The service on a release about cancellations. To read only."""
    rows = [{**row, "churn_definition": "cancellation"} for row in ROWS]
    engine = open_store(new_store_url("sqlite"))
    publish(write_release(tmp_path_factory.mktemp("c") / "release", rows), engine, keep=2)
    with Running(engine) as running:
        yield running
    engine.dispose()


@pytest.mark.slow
def test_the_api_gives_a_text_as_text_and_a_number_as_a_number(told):
    card = told.get("/v1/customers/1").json()
    assert card["churn_definition"] == "cancellation"
    text, number = card["reasons"]
    assert (text["value"], text["typical_value"]) == ("Ёлкино", "Москва")
    assert (number["value"], number["typical_value"]) == (31.0, 7.0)
    (digits,) = told.get("/v1/customers/2").json()["reasons"]
    assert (digits["value"], digits["typical_value"]) == ("<b>1</b>", "12")
    assert digits["sentence"] == "Region: <b>1</b>; those who stay, typically 12"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "; leaving means that the subscription ends within 30 days"),
        ("ru", "; уход – это окончание подписки в течение 30 дней"),
    ],
)
@pytest.mark.parametrize("target", ["/", "/customers/1"])
def test_every_page_says_what_leaving_means(told, target, language, words):
    text = text_of(page(told, f"{target}?language={language}").one("p", class_="figures"))
    assert text.endswith(words)


def test_a_page_about_lapses_needs_no_such_words(service):
    assert "subscription" not in text_of(page(service, "/?language=en").one("main"))


@pytest.mark.parametrize(
    ("customer", "language", "words"),
    [
        ("3", "en", "No subscription runs any more, so there is no forecast. Last purchase: April"),
        ("3", "ru", "Действующей подписки больше нет, поэтому прогноза нет. Последняя покупка: 10"),
        ("4", "en", "No subscription runs any more, so there is no forecast."),
        ("4", "ru", "Действующей подписки больше нет, поэтому прогноза нет."),
    ],
)
def test_whose_subscription_has_ended_is_told_so(told, customer, language, words):
    (_, warning) = page(told, f"/customers/{customer}?language={language}").all(
        "p", class_="warning"
    )
    assert text_of(warning).startswith(words)
    assert not re.search("[Aa]lready|Уже", text_of(warning))


def test_no_english_is_left_on_a_russian_page(told):
    release = told.get("/v1/releases/current").json()
    facts = [release[name] for name in ("release_id", "model_version", "source")]
    known = [*facts, "make run", "Excel", "JSON", "API", "Region", "ABC", "<b>"]
    known += WARES
    for target in ("/", "/customers/1", "/customers/3"):
        text = text_of(page(told, f"{target}?language=ru").one("main"))
        for name in known:
            text = text.replace(name, "")
        assert re.findall("[A-Za-z]{2,}", text) == []


def test_a_text_on_a_page_stays_text(told):
    tree = page(told, "/?language=en")
    assert "Region: <b>1</b>; those who stay, typically 12" in text_of(tree.one("main"))


@pytest.mark.slow
def test_a_text_without_end_is_refused_by_name(new_store_url, tmp_path):
    row = card_row("1", reasons=[text_reason("x" * 501, "y")])
    engine = open_store(new_store_url("sqlite"))
    with pytest.raises(ArtifactError, match="card of customer '1' cannot be published"):
        publish(write_release(tmp_path / "release", [row]), engine, keep=2)
    engine.dispose()
