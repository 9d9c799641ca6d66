"""The page on who left though told safe, and who stayed though told high."""

from typing import get_args

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from models import words
from serving.cards.missed import MissedList, MissedQuery, ToldWrong, WouldTell
from serving.people.access import needs, store_of
from serving.web.convertors import id_in_path
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, suffix
from serving.web.problems import parameter_problem
from serving.wording.languages import Language
from serving.wording.sentences import field_label, label, listing, sentence, written
from serving.work.missed import FILTERS, TEST_DATES, missed, missed_customers

router = APIRouter(include_in_schema=False)


@router.get("/missed", dependencies=[needs("figures:read")])
def missed_page(request: Request) -> Response:
    """Figures by group, what would have told, and the customers whom this reader may see."""
    asked = asked_in(request)
    try:
        query = MissedQuery.model_validate({n: v if len(v) > 1 else v[0] for n, v in asked.items()})
    except ValidationError as error:
        raise parameter_problem(error.errors(include_input=False, include_url=False)) from None
    language = chosen_language(request, query.language)
    release, found = missed(store_of(request), query.release)
    shown = next((one for one in found.lists if one.list_id == query.list_id), found.lists[0])
    query = query.model_copy(update={"list_id": shown.list_id})
    side: ToldWrong = getattr(shown, query.kind)
    may_see = "cards:read" in request.state.caller.scopes
    customers = missed_customers(store_of(request), query, query.limit)[1] if may_see else None
    kept = {n: v for n, v in asked.items() if n in ("language", "release")}
    here = {n: v for n, v in asked.items() if n not in ("offset", "format")}

    def link(path: str = "/missed", **changes: str) -> str:
        changed = {name: [value] for name, value in changes.items()}
        return path + suffix({**here, **changed})

    return page_of(
        request,
        "missed.html",
        language,
        asked,
        release=release,
        query=query,
        shown=shown,
        side=side,
        kinds=get_args(words.Wrong),
        lists=[(one.list_id, name_of_list(one, language)) for one in found.lists],
        options=_options(side, language),
        group_name=lambda by, group: group_name(by, group, language),
        tells=[tell_in_words(one, language) for one in _found(side)],
        customers=customers,
        customer_url=lambda who: f"/customers/{id_in_path(who)}{suffix(kept)}",
        kept={name: values[0] for name, values in kept.items()},
        link=link,
        following=_following(customers, query),
        csv=link("/v1/missed/customers", format="csv", list_id=shown.list_id, language=language),
        api="/v1/missed" + suffix({n: v for n, v in kept.items() if n == "release"}),
        expired=out_of_date(release, language),
    )


def name_of_list(one: MissedList, language: Language) -> str:
    """A list in words: the release of a date, or the test dates."""
    dates = listing([written(day, "day", language) for day in one.as_of_dates], language)
    if one.list_id == TEST_DATES:
        key = "missed.test_dates" if dates else "missed.test_rows"
        return sentence(key, language, dates=dates)
    return sentence("missed.of_release", language, dates=dates)


def group_name(by: str, group: str, language: Language) -> str:
    """A group in words: a reason, or a segment; a value class is a letter."""
    if by == "reason":
        return label(f"reason.{group}.up", language)
    if by == "abc_class":
        return group
    return label(f"{by}.{group}", language)


def tell_in_words(one: WouldTell, language: Language) -> str:
    """What a feature would have told."""
    of_number = "above" if one.above else "below"
    key = of_number if one.value is None else "value"
    values = {"feature": field_label(one.feature, language), "value": one.value or ""}
    counts = one.model_dump(include={"told", "wrong", "expected"})
    return sentence(f"missed.tell.{key}", language, **values, **counts)


def _found(side: ToldWrong) -> list[WouldTell]:
    return side.would_have_told.found if side.would_have_told else []


def _options(side: ToldWrong, language: Language) -> list[tuple[str, list[tuple[str, str]]]]:
    """Of each filter the groups there are, and their names."""
    options = []
    for by in FILTERS:
        there = [one.group for one in side.groups if one.by == by and one.wrong]
        if there:
            options.append((by, [(one, group_name(by, one, language)) for one in there]))
    return options


def _following(customers: object, query: MissedQuery) -> int | None:
    """The offset of the next page of customers; None on the last."""
    total = getattr(customers, "total", 0)
    after = query.offset + query.limit
    return after if after < total else None
