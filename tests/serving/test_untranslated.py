"""No text of a page stands in the code: all of it comes out of the messages, in both languages.

Every message is put between marks, and what a page shows outside of them has to be a customer's
or the company's own words, a number or a date.
"""

import re

import pytest
from babel.dates import get_day_names, get_month_names

from serving.wording.languages import LANGUAGES
from tests.serving.browsing import GONE
from tests.serving.conftest import serve
from tests.serving.page_checks import marked, outside, pages
from tests.serving.reading_pages import Tree
from tests.serving.releases import NAMES, OWNERS, WARES

SAID = ("title", "aria-label", "placeholder", "alt", "data-title", "summary", "content")
UNSAID = {"script", "style", "meta", "head", "html", "body"}
OWN = {"Regulars", *(language.upper() for language in LANGUAGES)}
FORMS = ("format", "stand-alone")
WORD = re.compile(r"[^\W\d_]{2,}")


@pytest.fixture(scope="module")
def service(new_store_url, release):
    with pytest.MonkeyPatch.context() as patch:
        marked(patch)
        yield from serve(new_store_url, release)
    marked_off()


def marked_off():
    """What was kept while messages were marked must not be read by the tests that follow."""
    from serving.web.page import words_of
    from serving.wording import sentences

    for kept in (words_of, sentences._name, sentences.field_label):
        kept.cache_clear()


class Pieces(Tree):
    """A tree that also keeps its texts apart, in the order of the page."""

    def feed(self, text):
        self.pieces = []
        super().feed(text)

    def handle_data(self, data):
        super().handle_data(data)
        if not {"script", "style", "head"} & {element["tag"] for element in self.open}:
            self.pieces.append(data)


def texts(tree):
    """What a person can read or hear: texts, and attributes that are told."""
    for element in tree.elements:
        if element["tag"] not in UNSAID:
            for name in SAID:
                if element.get(name):
                    yield element[name]
    yield " ".join(tree.pieces)


def company_words(service):
    """Words of the company's own: names of its customers, owners, wares, actions, files."""
    release = service.get("/v1/releases/current").json()
    told = [*NAMES.values(), *filter(None, OWNERS), *WARES]
    told += [GONE, *(release[name] for name in ("release_id", "model_version", "source"))]
    return set(WORD.findall(" ".join(told)))


def date_words(language):
    kinds = [(width, context) for width in ("abbreviated", "wide") for context in FORMS]
    names = [get_month_names(*kind, locale=language).values() for kind in kinds]
    names += [get_day_names(*kind, locale=language).values() for kind in kinds]
    return {word for some in names for name in some for word in WORD.findall(name)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_every_page_is_a_message(service, language):
    known = OWN | company_words(service) | date_words(language)
    found = {}
    for target in pages(language):
        tree = Pieces(service.get(target).text)
        left = " ".join(outside(text) for text in texts(tree))
        words = {word for word in WORD.findall(left) if word not in known}
        if words:
            found[target] = sorted(words)
    assert found == {}


def test_a_text_in_a_template_would_be_found():
    assert outside("⟦All ⟦3⟧ customers⟧ Show ⟦more⟧") == "Show"
