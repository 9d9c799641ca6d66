"""The sections of a customer's page that come of the timeline, each as its template takes it."""

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import quote

from serving.cards.card import ScoreCard
from serving.cards.timeline import AnswerOf, CustomerTimeline, Month, Override, PastRisk
from serving.pages.charts import Tick
from serving.pages.customer_charts import Figure, MonthBars, OverTime, bars_by_month, over_time
from serving.wording.languages import Language
from serving.wording.sentences import label, sentence, written

MOST_KINDS = 6  # of events that are drawn
SPEND_HEIGHT, EVENTS_HEIGHT, RISK_HEIGHT = 90, 36, 100
NPS, TOP_NPS = "nps", 10
DIALLED = re.compile(r"[^\d+*#]")
AN_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")


@dataclass(frozen=True)
class Reach:
    """How the customer is reached; a link only where the text is a number or an address."""

    phone: str | None
    call: str | None
    email: str | None
    write: str | None


@dataclass(frozen=True)
class EventsOfKind:
    """Events of one kind: how many in all, and by month as bars."""

    kind: str
    total: int
    by_month: dict[str, int]
    bars: MonthBars | None


@dataclass(frozen=True)
class Sections:
    """What the template draws of a timeline."""

    title: str
    reach: Reach
    held: list[Override]
    past: list[Override]
    spend: MonthBars | None
    months: list[Month]
    events: list[EventsOfKind]
    further_kinds: int
    answers: OverTime | None
    risk: OverTime | None
    past_risk: list[PastRisk]


def sections_of(card: ScoreCard, told: CustomerTimeline, language: Language) -> Sections:
    """The sections of the page, in its language."""
    key = "customer.title" if card.name else "customer.title_of_id"
    events = _events(told, language)
    return Sections(
        title=sentence(key, language, name=card.name, customer_id=card.customer_id),
        reach=reach_of(told.phone, told.email),
        held=[one for one in told.overrides if one.is_active],
        past=[one for one in told.overrides if not one.is_active],
        spend=_spend(told.months, language),
        months=list(reversed(told.months)),
        events=events[:MOST_KINDS],
        further_kinds=len(events[MOST_KINDS:]),
        answers=_answers(told.answers or [], language),
        risk=_risk(told.risk_history, language),
        past_risk=list(reversed(told.risk_history)),
    )


def reach_of(phone: str | None, email: str | None) -> Reach:
    """Phone and e-mail with the links that call and write."""
    number = DIALLED.sub("", phone or "")
    is_address = email is not None and AN_ADDRESS.fullmatch(email)
    return Reach(
        phone=phone,
        call=f"tel:{quote(number, safe='+*')}" if number else None,
        email=email,
        write=f"mailto:{quote(email or '', safe='@')}" if is_address else None,
    )


def _spend(months: list[Month], language: Language) -> MonthBars | None:
    """Money by month, or orders where there is none."""
    has_money = any(month.amount is not None for month in months)
    values = [
        (month.month, (month.amount or 0.0) if has_money else float(month.orders))
        for month in months
    ]
    return bars_by_month(values, language, SPEND_HEIGHT)


def _events(told: CustomerTimeline, language: Language) -> list[EventsOfKind]:
    """Kinds of events, the most frequent first, in the months that purchases are drawn in."""
    found = told.events or []
    totals: Counter[str] = Counter()
    for one in found:
        totals[one.kind] += one.events
    months = [month.month for month in told.months]
    kinds = []
    for kind, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        counts = {one.month: one.events for one in found if one.kind == kind}
        values = [(month, float(counts.get(month, 0))) for month in months]
        kinds.append(
            EventsOfKind(
                kind=label(f"event_kind.{kind}", language),
                total=total,
                by_month={month.isoformat(): counts.get(month, 0) for month in months},
                bars=bars_by_month(values, language, EVENTS_HEIGHT),
            )
        )
    return kinds


def _answers(answers: list[AnswerOf], language: Language) -> OverTime | None:
    """Answers to "would you recommend us" over time."""
    figures = [
        Figure(one.event_time.date(), one.score) for one in reversed(answers) if one.kind == NPS
    ]
    levels = [Tick(value, str(value)) for value in (0, TOP_NPS // 2, TOP_NPS)]
    return over_time(figures, levels, RISK_HEIGHT, language)


def _risk(past: list[PastRisk], language: Language) -> OverTime | None:
    figures = [Figure(one.as_of_date, one.churn_risk, one.is_new_model) for one in past]
    levels = [Tick(value, written(value, "percent", language)) for value in (0.0, 0.5, 1.0)]
    return over_time(figures, levels, RISK_HEIGHT, language)
