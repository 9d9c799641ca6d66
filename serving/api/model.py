"""`GET /v1/model`: the data, the model, and how good it was."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from serving.api.asking import COMMON, LanguageQuery, ReleaseQuery, Store, api_router
from serving.cards.model import ModelReport
from serving.cards.model_words import told
from serving.people.access import needs
from serving.store.model_report import model_of
from serving.web.answers import UNCHANGED, json_answer
from serving.web.language import chosen_language
from serving.web.problems import documented

router = api_router("Releases")


class ModelQuery(LanguageQuery, ReleaseQuery):
    """Of which release, in which language."""


@router.get(
    "/v1/model",
    dependencies=[needs("figures:read")],
    summary="What the data and the model are worth",
    response_model=ModelReport,
    responses={**UNCHANGED, **documented("release-not-found", "no-release", *COMMON)},
)
def get_model(query: Annotated[ModelQuery, Query()], request: Request, store: Store) -> Response:
    """Findings on the data, the grade and what it was judged by, last training and last scoring."""
    release, kept, monitor = model_of(store, query.release)
    report = told(release, kept, monitor, chosen_language(request, query.language))
    return json_answer(request, release, report.model_dump(mode="json"))
