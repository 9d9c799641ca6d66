"""A card explained: its reasons by direction, its action, and both as sentences."""

from typing import Any

from serving.cards.action_words import Actions, action_name
from serving.cards.release import Release, dated_as
from serving.cards.stored import Card
from serving.cards.worded import worded
from serving.wording.languages import Language
from serving.wording.sentences import sentence

AS_ON_THE_CARD = ("customer_id", "status", "churn_risk", "risk_band", "risk_rank", "risk_change")


def explanation(release: Release, card: Card, language: Language) -> dict[str, Any]:
    """What `Explanation` describes, of a card as it is stored."""
    told = worded(card, release.words, language)
    by_direction = {
        direction: [reason for reason in told["reasons"] if reason["direction"] == direction]
        for direction in ("up", "down")
    }
    lines = [
        f"{sentence(f'reasons.{direction}', language)}: {reason['sentence']}"
        for direction, reasons in by_direction.items()
        for reason in reasons
    ]
    return {
        **dated_as(release, card).stamp(),
        **{name: told[name] for name in AS_ON_THE_CARD},
        "note": sentence("page.associated", language),
        "raises": by_direction["up"],
        "lowers": by_direction["down"],
        "intended_action": told["intended_action"],
        "in_words": [*lines, *_action_lines(told["intended_action"], release.actions, language)],
    }


def _action_lines(action: Card | None, actions: Actions, language: Language) -> list[str]:
    if action is None:
        return []
    why = action["why"] and action["why"]["sentence"]
    name = f"{sentence('page.action', language)}: {action['name']}"
    return [
        f"{name}. {why}" if why else name,
        *action["talking_points"],
        *(_blocked(one, actions, language) for one in action["blocked"]),
    ]


def _blocked(entry: Card, actions: Actions, language: Language) -> str:
    return f"{action_name(entry['action_id'], actions, language)}: {entry['sentence']}"
