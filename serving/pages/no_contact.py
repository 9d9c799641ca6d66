"""Why a customer is not to be contacted now although something is planned, and until when."""

import datetime as dt
from dataclasses import dataclass

from features.history.consent import EVERY_CHANNEL, SERVICE
from serving.cards.card import ScoreCard
from serving.cards.timeline import ConsentOf, CustomerTimeline
from serving.wording.languages import Language
from serving.wording.people import person
from serving.wording.sentences import label, sentence
from serving.wording.writing import lower_first
from serving.work.overrides import not_to_be_contacted
from sources.meanings.vocabulary import DO_NOTHING, HOLDOUT

OPEN_COMPLAINT, FOR_GOOD = "open_complaint", "persistent_control"


@dataclass(frozen=True)
class NoContact:
    """One reason against the planned contact, in words.

    `until` is the last day on which it holds; None where nobody can tell.
    """

    why: str
    until: dt.date | None = None


def no_contact(
    card: ScoreCard, told: CustomerTimeline, today: dt.date, language: Language
) -> list[NoContact]:
    """What stands against the planned contact today, also of what was told since; else nothing."""
    action = card.intended_action
    if action is None or action.action_id == DO_NOTHING:
        return []
    found = [
        *_asked_for(told, language),
        *_held_back(card, today, language),
        *_refused(action.channel, told.consents or [], language),
    ]
    was_known = any(one.reason == OPEN_COMPLAINT for one in action.blocked)
    complaints = [one for one in told.tickets or [] if one.is_open and one.is_complaint]
    if complaints and not was_known:  # where it was, the action is the answer to it
        opened = min(one.opened_at for one in complaints).date()
        found.append(NoContact(sentence("no_contact.complaint", language, opened=opened)))
    return [*found, *_rest(told, today, language)]


def _asked_for(told: CustomerTimeline, language: Language) -> list[NoContact]:
    one = not_to_be_contacted(one for one in told.overrides if one.is_active)
    if one is None:
        return []
    until, who = one.expires_on, person(one.made_by, language)
    return [NoContact(sentence("no_contact.override", language, until=until, who=who), until)]


def _held_back(card: ScoreCard, today: dt.date, language: Language) -> list[NoContact]:
    """What a lot or the budget decided goes on to the next plan, which is due as the card ends."""
    if not card.withheld:
        return []
    by = card.withheld_by
    why = f"withheld_why.{by}" if by else f"arm.{HOLDOUT}"
    head = sentence("withheld_unpaid" if by == "budget" else "withheld", language)
    until = card.expires_at if by != FOR_GOOD and card.expires_at >= today else None
    end = "for_good" if by == FOR_GOOD else "next_plan"
    texts = (sentence(why, language), sentence(f"no_contact.{end}", language, until=until))
    return [NoContact(f"{head}. {' '.join(text.rstrip('.') + '.' for text in texts)}", until)]


def _refused(channel: str | None, consents: list[ConsentOf], language: Language) -> list[NoContact]:
    """The newest answer on offers by the channel, or by all; of two at once a refusal counts."""
    on_it = [
        one
        for one in consents
        if one.channel in (channel, EVERY_CHANNEL) and one.purpose != SERVICE
    ]
    newest = max((one.event_time for one in on_it), default=None)
    if all(one.granted for one in on_it if one.event_time == newest) or newest is None:
        return []
    by = lower_first(label(f"channel.{channel}", language))
    since = newest.date()
    return [NoContact(sentence("no_contact.consent", language, channel=by, since=since))]


def _rest(told: CustomerTimeline, today: dt.date, language: Language) -> list[NoContact]:
    pressure = told.contact_pressure
    until = None if pressure is None else pressure.quiet_until
    if until is None or until < today:
        return []
    return [NoContact(sentence("no_contact.quiet", language, until=until), until)]
