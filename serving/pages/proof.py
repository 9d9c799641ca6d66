"""Proof: did the actions work, and were the risks true; everything with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.cards.effects import Between, Compared, CountedOn, Effects, Kept
from serving.pages import forest
from serving.pages.forest import Drawing, Row
from serving.people.access import needs, store_of
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, query_of, suffix
from serving.wording.languages import Language
from serving.wording.sentences import sentence, written
from serving.work.proof import proof

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class OfAction:
    """All that is known of an action: by quarter, over all of them, and as a drawing."""

    action_id: str
    name: str
    periods: list[Compared]
    counted_on: CountedOn | None
    drawing: Drawing | None


@router.get("/proof", dependencies=[needs("figures:read")])
def proof_page(request: Request) -> Response:
    """By action and quarter, all offers together, today's plan, and past releases."""
    asked = {name: values for name, values in asked_in(request).items() if name == "language"}
    language = chosen_language(request, query_of(asked).language)
    release, found = proof(store_of(request), language)
    return page_of(
        request,
        "proof.html",
        language,
        asked,
        release=release,
        found=found,
        effects=found.effects,
        actions=_by_action(found.effects, language),
        quarter=lambda period: _quarter(period, language),
        past=_past(found.past, language),
        plan_url="/plan" + suffix(asked),
        api="/v1/effects" + suffix({"language": [language]}),
        expired=out_of_date(release, language),
    )


def _by_action(effects: Effects | None, language: Language) -> list[OfAction]:
    """The actions by name, each with its quarters, the newest first."""
    if effects is None:
        return []
    counted_on = {one.action_id: one for one in effects.actions}
    found: dict[str, list[Compared]] = {one: [] for one in counted_on}
    for one in effects.periods:
        found.setdefault(one.action_id, []).append(one)
    names = {one.action_id: one.name for one in effects.periods}
    names |= {one.action_id: one.name for one in effects.actions}
    return [
        OfAction(
            action_id,
            names[action_id],
            periods,
            counted_on.get(action_id),
            _drawn(periods, counted_on.get(action_id), language),
        )
        for action_id, periods in sorted(found.items(), key=lambda one: names[one[0]])
    ]


def _drawn(
    periods: Sequence[Compared], counted_on: CountedOn | None, language: Language
) -> Drawing | None:
    rows = [
        Row(
            _quarter(one.period, language, "proof.quarter_short"),
            one.sentence,
            *_ends(one.stays),
        )
        for one in periods
    ]
    alone = counted_on and counted_on.alone
    if alone:
        short, words = (
            sentence(f"proof.{name}", language) for name in ("all_short", "all_quarters")
        )
        rows.append(Row(short, words, *_ends(alone), is_sum=True))
    return forest.draw(rows, "points", language)


def _ends(one: Between | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if one is None else (one.value, one.low, one.high)


def _past(past: Sequence[Kept], language: Language) -> Drawing | None:
    """The untreated of each past release: the risk promised, and the share that left."""
    rows = [
        Row(
            written(one.as_of_date, "day", language),
            sentence("proof.past_row", language, promised=its.promised, left=its.left),
            its.left,
            its.low,
            its.high,
            its.promised,
        )
        for one in past
        if (its := one.untreated) is not None
    ]
    return forest.draw(rows, "percent", language, has_zero=False)


def _quarter(period: str, language: Language, key: str = "effects_report.quarter") -> str:
    year, _, quarter = period.partition("Q")
    return sentence(key, language, year=year, quarter=quarter)
