"""The words of the usability page in a language: messages, values and findings.

A finding has its own sentences in English; for other languages they are messages.
"""

from dataclasses import dataclass
from typing import Any

from features.usability.finding import Finding
from serving.wording.languages import Language
from serving.wording.writing import KINDS, message, shown

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
    """The finding in words."""
    check = finding.check.replace("_", " ")
    return Words(check, finding.meaning, finding.what_to_do, ENGLISH)
