"""The report of effects in both languages, which have to tell the same."""

import re

from pipelines.reports.effects_report import effects_report
from serving.cards.action_words import ActionFacts
from serving.wording.languages import LANGUAGES

NAMES = {
    "call": {"en": "Personal call", "ru": "Личный звонок"},
    "mail": {"en": "Check-in e-mail", "ru": "Письмо | без предложения"},
}
TERMS = {"AUTOC"}  # of the line for the data scientist, which explains it
NUMBERS = {"en": r"\d[\d,]*(?:\.\d+)?", "ru": r"\d[\d\u00a0\u202f]*(?:,\d+)?"}


def told(facts, currency="USD", names=tuple(NAMES)):
    """The English report, after a look at both: `names` are actions that the catalogue has."""
    actions = {name: ActionFacts(name=NAMES[name]) for name in names}
    english, russian = (effects_report(facts, actions, currency, one) for one in LANGUAGES)
    assert numbers(english, "en") == numbers(russian, "ru")
    assert shape(english) == shape(russian)
    assert not re.search("[А-Яа-яё]", english)
    left = set(re.findall("[A-Za-z]+", re.sub("`[^`]*`", "", russian)))
    assert left <= TERMS, left
    for page in (english, russian):
        assert not re.search(r"\bnan\b|None(?! of)|\binf\b|\{|\}", page)
    return english


def numbers(page, language):
    """All numbers of a page, as English writes them; the same words may stand in another order."""
    found = re.findall(NUMBERS[language], page)
    if language == "ru":
        found = [re.sub(r"[\u00a0\u202f]", "", one).replace(",", ".") for one in found]
    return sorted(one.replace(",", "") for one in found)


def shape(page):
    """Kinds of lines, and the columns of those of tables."""
    kinds = [line[:1] if line[:1] in "#*|" else "" for line in page.splitlines()]
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in page.splitlines()]
    return [(kind, count if kind == "|" else 0) for kind, count in zip(kinds, cells, strict=True)]
