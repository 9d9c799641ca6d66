"""Saved views: the row of links on the list, and the page on which they are kept in order."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from serving.cards.action_words import action_name
from serving.cards.query import AtRiskQuery
from serving.cards.release import Release
from serving.cards.views import LONGEST_NAME, LONGEST_QUERY, NewView, SavedView
from serving.people.access import needs, store_of
from serving.store.errors import ViewNotFoundError, ViewRefusedError, ViewTakenError
from serving.store.reading import current
from serving.web.form import form_of, one
from serving.web.language import chosen_language
from serving.web.page import asked_in, page_of, suffix
from serving.wording.languages import LANGUAGES, Language
from serving.wording.people import person
from serving.wording.sentences import field_label, is_message, sentence, upper_first
from serving.work.views import kept_query, remove_view, rename_view, save_view, views_of

TOLD = ("saved", "replaced", "renamed", "removed", "taken", "unusable", "gone")
BAD = ("taken", "unusable", "gone")
MOST_DIGITS = 10
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class ViewsRow:
    """What the template views.html shows above the list."""

    views: list[tuple[SavedView, str, bool]]  # each with its address, and whether one is there
    here: str  # the query of the list as it is shown
    may_save: bool
    searches: bool
    save: str
    all_views: str


def views_row(request: Request, asked: dict[str, list[str]]) -> ViewsRow:
    """The views of a reader, above the list that these parameters ask for."""
    caller = request.state.caller
    known = AtRiskQuery.model_fields  # the page has parameters of its own
    here = kept_query({name: values for name, values in asked.items() if name in known})
    kept = {"language": asked["language"]} if "language" in asked else {}
    found = views_of(store_of(request), caller.who)
    return ViewsRow(
        [(view, _address(view.query, kept), bool(here) and view.query == here) for view in found],
        here,
        "work:write" in caller.scopes and not request.app.state.settings.read_only,
        "q" in asked,
        "/views" + suffix(kept),
        "/views" + suffix(kept),
    )


@router.get("/views", dependencies=[needs("cards:read")])
def views_page(request: Request) -> Response:
    """Every view with what it filters by; mine can be renamed and removed."""
    asked = asked_in(request)
    parts = {name: values[0] for name, values in asked.items()}
    language = chosen_language(request, _language(parts.get("language")))
    caller = request.state.caller
    kept = _kept(request)
    release = current(store_of(request))
    views = views_of(store_of(request), caller.who)
    told = parts.get("told")
    return page_of(
        request,
        "saved_views.html",
        language,
        {name: values for name, values in asked.items() if name == "language"},
        release=release,
        views=[
            (view, _address(view.query, kept), _filters(view.query, release, language))
            for view in views
        ],
        told=told if told in TOLD else None,
        is_bad=told in BAD,
        taken=_taken(parts) if told == "taken" else None,
        who=partial(person, language=language),
        may_write="work:write" in caller.scopes,
        is_lead="plan:approve" in caller.scopes,
        longest=LONGEST_NAME,
        action=lambda what: f"/views{what}" + suffix(kept),
        api="/v1/views",
    )


async def _form(request: Request) -> dict[str, list[str]]:
    return await form_of(request)


Form = Annotated[dict[str, list[str]], Depends(_form)]


@router.post("/views", dependencies=[needs("work:write")])
def post_view(request: Request, form: Form) -> Response:
    """Save what the list shows; a name that is taken asks first."""
    query, is_shared = one(form, "query") or "", one(form, "is_shared") == "true"
    replace = one(form, "replace") == "true"
    try:
        new = NewView(
            name=one(form, "name") or "", query=query, is_shared=is_shared, replace=replace
        )
        saved = save_view(store_of(request), new, request.state.caller.who)
    except ViewTakenError:
        shared = {"is_shared": ["true"]} if is_shared else {}
        return _back(request, "taken", name=[new.name], query=[query], **shared)
    except (ValidationError, ViewRefusedError):
        return _back(request, "unusable")
    if one(form, "from") == "list":
        return RedirectResponse(_address(saved.query, _kept(request)), 303)
    return _back(request, "replaced" if replace else "saved")


@router.post("/views/rename", dependencies=[needs("work:write")])
def post_rename(request: Request, form: Form) -> Response:
    """Give a view of mine another name."""
    try:
        name = NewView(name=one(form, "name") or "", query="").name
        rename_view(store_of(request), _number(form), name, request.state.caller.who)
    except ViewTakenError:
        return _back(request, "taken")
    except ValidationError:
        return _back(request, "unusable")
    except ViewNotFoundError:
        return _back(request, "gone")
    return _back(request, "renamed")


@router.post("/views/remove", dependencies=[needs("work:write")])
def post_remove(request: Request, form: Form) -> Response:
    """Remove a view of mine; a lead also one that others share."""
    caller = request.state.caller
    try:
        is_lead = "plan:approve" in caller.scopes
        remove_view(store_of(request), _number(form), caller.who, is_lead)
    except ViewNotFoundError:
        return _back(request, "gone")
    return _back(request, "removed")


def _taken(parts: dict[str, str]) -> NewView | None:
    """The view that was to be saved under a name that is taken; None where it cannot be."""
    try:
        return NewView(
            name=parts.get("name", ""),
            query=parts.get("query", "")[:LONGEST_QUERY],
            is_shared=parts.get("is_shared") == "true",
        )
    except ValidationError:
        return None


def _filters(query: str, release: Release, language: Language) -> list[tuple[str, str]]:
    """What a view filters and sorts by, in words."""

    def word(name: str, value: str) -> str:
        if name in ("sort", "order"):
            is_order = name == "order"
            return (
                sentence(f"views.{value}", language) if is_order else field_label(value, language)
            )
        if is_message(f"worklist.task_filter.{value}") and name == "task_state":
            return sentence(f"worklist.task_filter.{value}", language)
        if name == "intended_action":
            return action_name(value, release.actions, language)
        if is_message(f"{name}.{value}"):
            return sentence(f"{name}.{value}", language)
        return sentence("yes", language) if value == "true" else value

    def named(name: str) -> str:
        known = is_message(f"views.filter.{name}")
        return sentence(f"views.filter.{name}", language) if known else field_label(name, language)

    return [
        (upper_first(named(name)), ", ".join(word(name, value) for value in values))
        for name, values in sorted(parse_qs(query).items())
    ]


def _address(query: str, kept: dict[str, list[str]]) -> str:
    """The list as a view shows it, in the language of the page."""
    return "/" + suffix({**parse_qs(query), **kept})


def _kept(request: Request) -> dict[str, list[str]]:
    return {name: values for name, values in asked_in(request).items() if name == "language"}


def _back(request: Request, told: str, **more: list[str]) -> Response:
    return RedirectResponse("/views" + suffix({**_kept(request), "told": [told], **more}), 303)


def _number(form: dict[str, list[str]]) -> int:
    number = one(form, "number") or ""
    return (
        int(number) if number.isascii() and number.isdecimal() and len(number) < MOST_DIGITS else 0
    )


def _language(asked: str | None) -> Language | None:
    return next((language for language in LANGUAGES if language == asked), None)
