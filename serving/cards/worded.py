"""Cards and reports with their sentences: the same for the API and the page."""

from typing import Any, TypeVar

from serving.cards.monitor import AdviceReason, Monitor
from serving.cards.stored import Card
from serving.wording.languages import Language
from serving.wording.sentences import field_label, is_message, label, listing, sentence

Report = TypeVar("Report", bound=Monitor)


def worded(card: Card, language: Language) -> Card:
    """The card, or the fields of it that there are, with every `sentence` and `name` written."""
    told = {**card}
    if "reasons" in card:
        told["reasons"] = [_reason(reason, language) for reason in card["reasons"]]
    if card.get("intended_action") is not None:
        told["intended_action"] = _action(card["intended_action"], language)
    return told


def worded_report(report: Report, language: Language) -> Report:
    """The monitor's report with the sentence of each reason of its advice."""
    reasons = [_advice_reason(reason, language) for reason in report.advice.reasons]
    return report.model_copy(
        update={"advice": report.advice.model_copy(update={"reasons": reasons})}
    )


def strongest_reason(card: Card) -> Card | None:
    """The first reason that raises the risk; reasons come strongest first."""
    return next((reason for reason in card["reasons"] if reason["direction"] == "up"), None)


def _reason(reason: Card, language: Language) -> Card:
    return {**reason, "sentence": _sentence_if_known(reason["message_key"], language, reason)}


def _advice_reason(reason: AdviceReason, language: Language) -> AdviceReason:
    values = dict(reason.values)
    if "names" in values:
        values["names"] = listing((field_label(n, language) for n in values["names"]), language)
    text = sentence(reason.message_key, language, **values)
    return reason.model_copy(update={"sentence": text})


def _action(action: Card, language: Language) -> Card:
    why = action["why"]
    if why is not None:
        text = _sentence_if_known(why["message_key"], language, why["values"])
        why = {**why, "sentence": text}
    blocked = [
        {**entry, "sentence": label(f"blocked.{entry['reason']}", language)}
        for entry in action["blocked"]
    ]
    name = label(f"action.{action['action_id']}", language)
    return {**action, "name": name, "why": why, "blocked": blocked}


def _sentence_if_known(key: str, language: Language, values: dict[str, Any]) -> str:
    """The sentence; "" for a key of an older release that this code does not have."""
    return sentence(key, language, **values) if is_message(key) else ""
