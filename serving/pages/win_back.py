"""The page on who has lapsed, and by whom it pays to be asked to come back."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from serving.cards.action_words import action_name
from serving.cards.win_back import WinBackQuery
from serving.people.access import needs, store_of
from serving.web.convertors import id_in_path
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, suffix
from serving.web.problems import parameter_problem
from serving.wording.sentences import label
from serving.work.win_back import win_back

router = APIRouter(include_in_schema=False)
OF_LIST = ("owner", "q", "release")  # parameters that the list of cards has too


@router.get("/win-back", dependencies=[needs("cards:read")])
def win_back_page(request: Request) -> Response:
    """Who has lapsed, how likely each comes back unasked, and for how many one return pays."""
    asked = asked_in(request)
    try:
        query = WinBackQuery.model_validate(
            {n: v if len(v) > 1 else v[0] for n, v in asked.items()}
        )
    except ValidationError as error:
        raise parameter_problem(error.errors(include_input=False, include_url=False)) from None
    language = chosen_language(request, query.language)
    release, found, cursor = win_back(store_of(request), query)
    kept = {n: v for n, v in asked.items() if n in ("language", "release")}
    here = {n: v for n, v in asked.items() if n != "cursor"}
    chosen = {n: v for n, v in here.items() if n in OF_LIST} | {"language": [language]}
    whom = {"status": ["already_churned"], "sort": ["one_return_pays_for"]}
    if not query.everybody:
        whom["to_win_back"] = ["true"]

    def action(one: str) -> str:
        return action_name(one, release.actions, language)

    return page_of(
        request,
        "win_back.html",
        language,
        here,
        release=release,
        query=query,
        found=found,
        action_of=action,
        blocked_of=lambda gate: label(f"blocked.{gate}", language),
        customer_url=lambda who: f"/customers/{id_in_path(who)}{suffix(kept)}",
        kept={name: values[0] for name, values in kept.items()},
        plain="/win-back" + suffix(kept),
        list_url="/" + suffix(kept),
        next="/win-back" + suffix({**here, "cursor": [cursor]}) if cursor else None,
        first="/win-back" + suffix(here) if query.cursor else None,
        excel="/v1/at-risk" + suffix({**chosen, **whom, "format": ["excel"]}),
        api="/v1/win-back" + suffix({**here, "language": [language]}),
        expired=out_of_date(release, language),
    )
