"""Texts of cards that are kept: the same bytes as those made anew, and never of another release."""

import re
from dataclasses import dataclass, field

import pytest

from serving.app import create_app
from serving.cards.fields import sparse
from serving.cards.query import AtRiskQuery
from serving.cards.stored import as_json
from serving.cards.worded import worded
from serving.settings import Settings
from serving.store.database import open_store
from serving.store.listing import at_risk
from serving.store.publishing import publish
from serving.store.reading import one_card
from serving.web.texts import OVERHEAD, Texts
from tests.serving.conftest import RunningApp, Service

TARGETS = (
    "/v1/customers/00003?language={}",
    "/v1/at-risk?limit=60&language={}",
    "/v1/at-risk?limit=60&fields=reasons,owner&language={}",
    "/?limit=60&language={}",
    "/?limit=60&risk_band=high&risk_band=low&q=%22%3E0&language={}",
    "/?status=already_churned&language={}",
)


class Forgetful(Texts):
    """Keeps nothing: every text is made anew."""

    def __init__(self):
        super().__init__(size=0)


@pytest.fixture(scope="module")
def engine(release, tmp_path_factory):
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('store')}/store.sqlite3")
    publish(release, engine, keep=2)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def both(engine):
    """A service that keeps texts, and one that makes each anew."""
    settings = Settings(port=0)
    app = create_app(settings, engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.app.Texts", Forgetful)
        plain = create_app(settings, engine)
    with RunningApp(app, settings) as address, RunningApp(plain, settings) as other:
        yield Service(*address), Service(*other)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("target", TARGETS)
def test_kept_and_fresh_answers_are_the_same_bytes(both, target, language):
    kept, plain = both
    answers = [service.get(target.format(language)) for service in (kept, kept, plain)]
    assert {answer.status for answer in answers} == {200}
    bodies = {re.sub(rb"cursor=[\w%-]+", b"", answer.body) for answer in answers}
    assert len(bodies) == 1
    if "customers" in target:
        assert len({answer.headers["etag"] for answer in answers}) == 1


@pytest.mark.parametrize("language", ["en", "ru"])
def test_lists_and_cards_are_put_together_as_they_would_be_written(both, engine, language):
    kept, _ = both
    listed = kept.get(f"/v1/at-risk?limit=60&fields=reasons&language={language}")
    page = at_risk(engine, AtRiskQuery(limit=60))
    whole = listed.json() | {
        "customers": [
            worded(sparse(card, ["reasons"]), page.release.words, language) for card in page.cards
        ]
    }
    assert listed.body == as_json(whole)
    release, card = one_card(engine, "00003", with_purchases=False)
    found = kept.get(f"/v1/customers/00003?language={language}")
    assert found.body == as_json(
        worded(card | {"is_stale": release.is_stale}, release.words, language)
    )
    with_days = kept.get(f"/v1/customers/00003?purchases=true&language={language}")
    assert with_days.json() == found.json() | {"purchases": with_days.json()["purchases"]}


@dataclass
class Kept:
    """What `Texts` looks at of a card."""

    customer_id: str
    content: bytes = b"content"
    info_sha256: str | None = "a"
    is_current: bool = True
    is_live: bool = False
    made: list = field(default_factory=list)

    @property
    def found(self):
        return self

    release = found

    def read(self):
        self.made.append(1)
        return {"id": self.customer_id}


def made_again(texts, card, form="json"):
    """Whether a text is made, and not the kept one taken."""
    before = len(card.made)
    assert texts.of(card, form, as_json) == as_json({"id": card.customer_id})
    return len(card.made) > before


def test_a_text_is_made_once_for_each_form_and_content():
    texts, card = Texts(), Kept("1")
    assert [made_again(texts, card) for _ in range(3)] == [True, False, False]
    assert made_again(texts, card, ("row", "ru"))
    assert made_again(texts, Kept("1", b"other"))
    assert made_again(texts, Kept("2"))


def test_no_more_than_its_size_is_kept_and_the_least_asked_for_goes_first():
    size = OVERHEAD + len(b"content") + len(as_json({"id": "1"}))
    texts, cards = Texts(3 * size), [Kept(str(number)) for number in range(4)]
    for card in cards[:3]:
        made_again(texts, card)
    made_again(texts, cards[0])
    made_again(texts, cards[3])
    assert texts.bytes == 3 * size
    assert [made_again(texts, card) for card in (cards[0], cards[2], cards[3])] == [False] * 3
    assert made_again(texts, cards[1])


def test_nothing_is_kept_of_another_release_or_from_before_a_change():
    texts, card = Texts(), Kept("1")
    made_again(texts, card)
    assert all(made_again(texts, Kept("1", is_current=False)) for _ in range(2))
    assert all(made_again(texts, Kept("1", info_sha256=None)) for _ in range(2))
    assert all(made_again(texts, Kept("1", is_live=True)) for _ in range(2))
    assert not made_again(texts, card)
    made_again(texts, Kept("1", info_sha256="b"))  # as after an erasure
    assert made_again(texts, card)
