"""The words of the usability page in a language: messages, values and findings.

A finding has its own sentences in English; for other languages they are messages.
"""

from dataclasses import dataclass
from typing import Any

from features.usability.finding import Finding, most_severe_first
from features.usability.report import as_json
from serving.wording.languages import LANGUAGES, Language
from serving.wording.writing import KINDS, message, shown, translation
from sources.notes import Said

ENGLISH: Language = "en"  # the language of the findings' own sentences


@dataclass(frozen=True)
class Words:
    """A finding in words, and the language that they are in."""

    check: str
    meaning: str
    what_to_do: str
    language: Language


def say(language: Language, key: str, **values: Any) -> str:
    """A message of the page."""
    return message(key, language, values, KINDS)


def show(language: Language, value: Any, kind: str) -> str:
    """A value as messages write it."""
    return shown(value, kind, language, {}, KINDS)


def words_of(finding: Finding, language: Language) -> Words:
    """The finding in words: those of the language where it has them, else its own in English."""
    check = translation(f"check.{finding.check}", language, {}, KINDS)
    check = check or finding.check.replace("_", " ")
    texts = [_translated(finding.said, name, language) for name in ("meaning", "what_to_do")]
    if texts[0] is None or texts[1] is None:
        return Words(check, finding.meaning, finding.what_to_do, ENGLISH)
    return Words(check, texts[0], texts[1], language)


def in_languages(report: dict[str, Any]) -> dict[str, Any]:
    """The report as it is written, each finding also in the other languages that it has."""
    findings = most_severe_first(report["findings"])
    records = as_json(report)["findings"]
    for finding, record in zip(findings, records, strict=True):
        told = [words_of(finding, language) for language in LANGUAGES if language != ENGLISH]
        record["in_words"] = {
            words.language: {"meaning": words.meaning, "what_to_do": words.what_to_do}
            for words in told
            if words.language != ENGLISH
        }
    return {**report, "findings": records}


def _translated(said: Said | None, name: str, language: Language) -> str | None:
    if said is None:
        return None
    values = {key: _value(value, language) for key, value in said.values.items()}
    return translation(f"finding.{said.key}.{name}", language, values, KINDS)


def _value(value: Any, language: Language) -> Any:
    """A value; a part of a sentence in words, and several of them as a list."""
    if isinstance(value, Said):
        return translation(f"part.{value.key}", language, value.values, KINDS)
    if isinstance(value, list):
        return "; ".join(str(_value(one, language)) for one in value)
    return value
