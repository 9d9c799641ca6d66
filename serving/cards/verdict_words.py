"""The verdict on a churn model in words: the same on page, summary and model card.

A verdict is that of models/judging/verdict.py, as it stands in `reports/evaluation.json`.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from models.words import Probabilities, Ranks
from serving.wording.languages import Language
from serving.wording.sentences import sentence
from serving.wording.writing import upper_first


def verdict_in_words(ranks: Ranks, probabilities: Probabilities | None, language: Language) -> str:
    """How the model ranks, and whether its probabilities hold where that was judged."""
    ranked = sentence(f"verdict.ranks.{ranks}", language)
    if probabilities is None:
        return upper_first(ranked)
    held = sentence(f"verdict.probabilities.{probabilities}", language)
    return upper_first(sentence("verdict.told", language, ranks=ranked, probabilities=held))


def warnings_in_words(parts: Iterable[Mapping[str, Any]], language: Language) -> list[str]:
    """A sentence for each part of the test rows whose probabilities are surely off."""
    return [
        sentence(
            f"verdict.{'more' if part['value'] > 1 else 'fewer'}",
            language,
            part=part_in_words(part, language),
            **{name: 100 * part[name] for name in ("value", "low", "high")},
        )
        for part in parts
        if part["probabilities"] == "off"
    ]


def part_in_words(part: Mapping[str, Any], language: Language) -> str:
    """The name of a part: a test date, a value class, a third by spending, or a segment."""
    kind, name = part["kind"], str(part["part"])
    if kind == "as_of_date":
        return sentence("verdict.date", language, part=dt.date.fromisoformat(name))
    if kind == "abc_class":
        return sentence("verdict.class", language, part=name)
    if kind == "value":
        return sentence(f"verdict.third.{name}", language)
    segment = sentence(f"{kind}.{name}", language)
    return sentence("verdict.segment", language, part=segment)
