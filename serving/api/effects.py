"""`GET /v1/effects`: whether actions worked, and whether earlier risks were true."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from serving.api.asking import COMMON, LanguageQuery, ReleaseQuery, Store, api_router
from serving.cards.effects import PublishedEffects
from serving.people.access import needs
from serving.web.answers import UNCHANGED, json_answer
from serving.web.language import chosen_language
from serving.web.problems import documented
from serving.work.proof import proof

router = api_router("Releases")


class EffectsQuery(LanguageQuery, ReleaseQuery):
    """Of which release, and in which language names and sentences are."""


@router.get(
    "/v1/effects",
    dependencies=[needs("figures:read")],
    summary="Did it work",
    response_model=PublishedEffects,
    responses={**UNCHANGED, **documented("release-not-found", "no-release", *COMMON)},
)
def get_effects(
    query: Annotated[EffectsQuery, Query()], request: Request, store: Store
) -> Response:
    """Treated against held back by action and quarter, all offers together, and past releases."""
    release, found = proof(store, chosen_language(request, query.language), query.release)
    return json_answer(request, release, found.model_dump(mode="json"))
