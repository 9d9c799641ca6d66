"""Findings in Russian: every one that the code words has its sentences, and they use its values."""

import ast
import re
from pathlib import Path

import pytest

from features.usability.finding import Finding
from pipelines.reports.usability_words import words_of
from serving.wording import writing
from serving.wording.languages import LANGUAGES
from sources.contract import TABLES
from sources.notes import Said
from tests.each import check_each

ROOT = Path(__file__).parents[2]
CODE = [*ROOT.glob("features/usability/*.py"), *ROOT.glob("sources/**/*.py")]
MESSAGES = writing.findings_in("ru")
PARTS = ("meaning", "what_to_do")
GIVEN_AS_A_WHOLE = {"stretches", "more", "first", "last", "day", "orders"}  # as **values


def nodes():
    for file in CODE:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Said":
                yield node


def constants(node):
    """The texts that an expression can be, as far as they are written out."""
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def keys_of(call):
    key = call.args[0]
    if isinstance(key, ast.IfExp):
        return [*constants(key.body), *constants(key.orelse)]
    return constants(key) if isinstance(key, ast.Constant) else []


def known(key):
    return {f"finding.{key}.{part}" for part in PARTS}, f"part.{key}"


CALLS = [(key, {word.arg for word in call.keywords}) for call in nodes() for key in keys_of(call)]


def test_every_finding_that_is_worded_has_both_sentences_and_they_use_its_values():
    def worded(key, values):
        sentences, part = known(key)
        used = sentences & set(MESSAGES) or {part} & set(MESSAGES)
        assert used in (sentences, {part}), key
        named = {
            name
            for one in used
            for text in MESSAGES[one]
            for name, _ in writing.PLACEHOLDER.findall(text)
        }
        assert named <= values | GIVEN_AS_A_WHOLE, (key, named - values)

    assert len(CALLS) > 40
    check_each(CALLS, worded)


def test_no_russian_sentence_is_left_over():
    computed = {"dead_feed.error", "dead_feed.warning", "stretch", "stretch_day"}
    computed |= {f"missing_table.{name}" for name in TABLES}
    computed |= {key.removeprefix("part.") for key in MESSAGES if key.startswith("part.form_")}
    keys = computed | {key for key, _ in CALLS}
    written = {
        re.sub(r"\.(meaning|what_to_do)$", "", key).removeprefix("finding.").removeprefix("part.")
        for key in MESSAGES
        if not key.startswith("check.")
    }
    assert written == keys


def test_every_kind_of_value_is_one_that_can_be_written():
    kinds = {
        kind
        for texts in MESSAGES.values()
        for text in texts
        for _, kind in writing.PLACEHOLDER.findall(text)
    }
    assert kinds <= {"", *writing.units(), *writing.KINDS}


def test_a_finding_is_said_in_both_languages_from_the_same_values():
    said = Said("short_history", days=100, horizons=100 / 28, horizon_days=28, least=6, enough=168)
    finding = Finding("short_history", "warning", "orders", None, 0, "English.", "Do.", said=said)
    english, russian = (words_of(finding, language) for language in LANGUAGES)
    assert (english.meaning, english.what_to_do, english.language) == ("English.", "Do.", "en")
    assert russian.language == "ru" and russian.check == "короткая история"
    assert re.sub(r"\s", " ", russian.meaning).startswith(
        "История – 100 дней, то есть 3,6 горизонта по 28 дней;"
    )


def test_parts_are_said_in_their_own_words_and_more_of_them_are_counted():
    gap = Said("stretch_day", rows=3, usual=41.4, first="2023-05-01", last="2023-05-01")
    said = Said("gap.short", stretches=[gap, gap], more=2)
    finding = Finding("gap", "advice", "orders", "event_time", 3, "m", "w", said=said)
    text = re.sub(r"\s", " ", words_of(finding, "ru").meaning)
    one = "1 мая 2023 г.: 3 при обычных 41"
    assert text == f"Отдельные дни пусты или почти пусты: {one}; {one}; и ещё 2."


@pytest.mark.parametrize("said", [None, Said("never_heard_of"), Said("refunds", lines=0.1)])
def test_a_finding_without_russian_words_is_said_in_english_and_marked_so(said):
    finding = Finding("x_y", "advice", "orders", None, 0, "English.", "Do.", said=said)
    words = words_of(finding, "ru")
    assert (words.check, words.meaning, words.language) == ("x y", "English.", "en")


def test_braces_and_markup_in_a_value_stay_text():
    said = Said("constant_column", value="{value:number}<b>")
    finding = Finding("constant_column", "advice", "orders", "x", 1, "m", "w", said=said)
    assert words_of(finding, "ru").meaning.startswith("Во всех ячейках стоит {value:number}<b>:")
