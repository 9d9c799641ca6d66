"""Cards and reports with their sentences: the same for the API and the page."""

from collections.abc import Sequence
from typing import Any, TypeVar

from serving.cards.action_words import (
    Words,
    action_name,
    blocked_sentence,
    talking_points,
)
from serving.cards.fields import sparse
from serving.cards.monitor import AdviceReason, Monitor
from serving.cards.stored import Card
from serving.wording.languages import Language
from serving.wording.sentences import field_label, is_message, listing, sentence

Report = TypeVar("Report", bound=Monitor)


def worded(card: Card, words: Words, language: Language, fields: Sequence[str] = ()) -> Card:
    """The card, or these fields of it, with every `sentence`, `name` and talking point written.

    `words` are those of the card's release.
    """
    told = {**card}
    if "reasons" in card:
        told["reasons"] = [_reason(reason, words, language) for reason in card["reasons"]]
    if card.get("intended_action") is not None:
        told["intended_action"] = _action(told, words, language)
    return sparse(told, fields)


def worded_report(report: Report, language: Language) -> Report:
    """The monitor's report with the sentence of each reason of its advice."""
    reasons = [_advice_reason(reason, language) for reason in report.advice.reasons]
    return report.model_copy(
        update={"advice": report.advice.model_copy(update={"reasons": reasons})}
    )


def strongest_reason(card: Card) -> Card | None:
    """The first reason that raises the risk; reasons come strongest first."""
    return next((reason for reason in card["reasons"] if reason["direction"] == "up"), None)


def _reason(reason: Card, words: Words, language: Language) -> Card:
    values = {**reason, "currency": words.currency}
    return {**reason, "sentence": _sentence_if_known(reason["message_key"], language, values)}


def _advice_reason(reason: AdviceReason, language: Language) -> AdviceReason:
    values = dict(reason.values)
    if "names" in values:
        values["names"] = listing((field_label(n, language) for n in values["names"]), language)
    text = sentence(reason.message_key, language, **values)
    return reason.model_copy(update={"sentence": text})


def _action(card: Card, words: Words, language: Language) -> Card:
    action = card["intended_action"]
    why, own = action["why"], action["action_id"]
    if why is not None:
        values = {**why["values"], "currency": words.currency}
        text = _sentence_if_known(why["message_key"], language, values)
        why = {**why, "sentence": text}
    blocked = [
        {**entry, "sentence": blocked_sentence(entry, words, language)}
        for entry in action["blocked"]
    ]
    return {
        **action,
        "name": action_name(own, words.actions, language),
        "why": why,
        "talking_points": talking_points(own, card, words, language),
        "blocked": blocked,
    }


def _sentence_if_known(key: str, language: Language, values: dict[str, Any]) -> str:
    """The sentence; "" for a key of an older release that this code does not have."""
    return sentence(key, language, **values) if is_message(key) else ""
