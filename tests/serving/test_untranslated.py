"""No text of a page stands in the code: all of it comes out of the messages, in both languages.

Every message is put between marks, and what a page shows outside of them has to be a customer's
or the company's own words, a number or a date.
"""

import re

import pytest
from babel.dates import get_day_names, get_month_names

from serving.wording.languages import LANGUAGES
from serving.wording.writing import upper_first
from tests.serving.browsing import GONE
from tests.serving.conftest import serve
from tests.serving.page_checks import forget_words, marked, outside, pages
from tests.serving.reading_pages import Tree
from tests.serving.release_reports import MODEL_CARD, USABILITY
from tests.serving.releases import NAMES, OWNERS, WARES

SAID = ("title", "aria-label", "placeholder", "alt", "data-title", "summary", "content")
UNSAID = {"script", "style", "meta", "head", "html", "body"}
OWN = {"Regulars", *(language.upper() for language in LANGUAGES)}
FORMS = ("format", "stand-alone")
WORD = re.compile(r"[^\W\d_]{2,}")


@pytest.fixture(scope="module")
def marked_service(new_store_url, release):
    with pytest.MonkeyPatch.context() as patch:
        marked(patch)
        yield from serve(new_store_url, release)
    forget_words()  # the tests that follow must not read them


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
    """Words of the company's own: customers, owners, wares; and what reports say of its data."""
    release = service.get("/v1/releases/current").json()
    told = [*NAMES.values(), *filter(None, OWNERS), *WARES]
    told += [MODEL_CARD, str(USABILITY)]
    told += [GONE, *(release[name] for name in ("release_id", "model_version", "source"))]
    words = WORD.findall(" ".join(told))
    return {*words, *map(upper_first, words)}  # a sentence of a report begins with a capital


def date_words(language):
    kinds = [(width, context) for width in ("abbreviated", "wide") for context in FORMS]
    names = [get_month_names(*kind, locale=language).values() for kind in kinds]
    names += [get_day_names(*kind, locale=language).values() for kind in kinds]
    return {word for some in names for name in some for word in WORD.findall(name)}


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_every_page_is_a_message(marked_service, language):
    known = OWN | company_words(marked_service) | date_words(language)
    found = {}
    for target in pages(language):
        tree = Pieces(marked_service.get(target).text)
        left = " ".join(outside(text) for text in texts(tree))
        words = {word for word in WORD.findall(left) if word not in known}
        if words:
            found[target] = sorted(words)
    assert found == {}


def test_a_text_in_a_template_would_be_found():
    assert outside("⟦All ⟦3⟧ customers⟧ Show ⟦more⟧") == "Show"
