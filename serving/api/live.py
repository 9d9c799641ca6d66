"""`POST /v1/score`: live scoring of histories that are sent in the request."""

import datetime as dt
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response
from pydantic import Field, field_validator

from core.clock import utc_now
from serving.api.asking import COMMON, SENT, LanguageQuery, api_router
from serving.cards.action_words import Words
from serving.cards.live import LiveScores
from serving.cards.release import Stamp
from serving.cards.worded import worded
from serving.live.histories import MOST_CUSTOMERS, History, Strict
from serving.live.process import LiveModels
from serving.people.access import needs
from serving.web.answers import json_response
from serving.web.body import JsonBody
from serving.web.language import chosen_language
from serving.web.problems import documented

MAX_BYTES = 8_000_000
AHEAD = dt.timedelta(days=2)  # as of tomorrow's midnight, wherever the caller's tomorrow begins


class Histories(Strict):
    """Histories to be scored, all as of one date."""

    as_of_date: dt.date | None = Field(
        default=None,
        description="The midnight that is looked ahead from: rows from then on are not used. "
        "Default: that of the release, or the day after the newest order where that is later.",
    )
    reasons: bool = Field(default=True, description="Without them many histories take less time.")
    customers: Annotated[list[History], Field(min_length=1, max_length=MOST_CUSTOMERS)]  # type: ignore[valid-type]

    @field_validator("as_of_date")
    @classmethod
    def _has_come(cls, date: dt.date | None) -> dt.date | None:
        if date is not None and date > (utc_now() + AHEAD).date():
            raise ValueError("lies in the future: what will be known then is not known yet")
        return date


BODY: JsonBody[Histories] = JsonBody(Histories, MAX_BYTES)
Sent = Annotated[Histories, Depends(BODY.read)]

router = api_router("Customers")


@router.post(
    "/v1/score",
    dependencies=[needs("scores:compute")],
    summary="Score histories that are sent",
    response_model=LiveScores,
    openapi_extra=BODY.documented,
    responses=documented(
        *SENT,
        "invalid-history",
        "no-models",
        "no-release",
        *COMMON,
    ),
)
def score_histories(
    query: Annotated[LanguageQuery, Query()], sent: Sent, request: Request
) -> Response:
    """1 to 1,000 histories, each with every row there is; nothing of them is kept.

    The cards equal those of a release made of the same rows, but for what takes a comparison with
    all other customers, which is null.
    """
    models: LiveModels = request.app.state.live
    scorer = models.scorer()
    scores = scorer.score(sent.customers, sent.as_of_date, sent.reasons)
    language = chosen_language(request, query.language)
    expires_at = scores.as_of_date + dt.timedelta(scorer.basis.valid_days)
    stamp = Stamp(
        release_id=scorer.release_id,
        as_of_date=scores.as_of_date,
        data_until=scores.data_until,
        expires_at=expires_at,
        is_stale=utc_now().date() > expires_at,
        horizon_days=scorer.timeline.horizon_days,
        churn_definition=scorer.timeline.churn,
        model_version=scorer.model_version,
    )
    words = Words(currency=scorer.basis.currency)
    cards = [
        {"customer_id": customer, "card": card and worded(card, words, language)}
        for customer, card in scores.cards
    ]
    told = {"left_out": scores.left_out, "customers": cards}
    return json_response(stamp, {**stamp.model_dump(mode="json"), **told})
