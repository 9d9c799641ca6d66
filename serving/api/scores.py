"""`POST /v1/scores:lookup` and `GET /v1/releases/{id}/scores`: the cards of many customers."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from serving.api.asking import COMMON, SENT, LanguageQuery, Nothing, Store, api_router
from serving.cards.codes import Language, ScoresFormat
from serving.cards.csv import fields_of_columns
from serving.cards.fields import CardFields, sparse
from serving.cards.looked_up import LookedUp, LookUp
from serving.cards.parquet import parquet_parts
from serving.cards.query import Text
from serving.cards.release import Release
from serving.cards.stored import Card, as_json
from serving.cards.worded import worded
from serving.people.access import needs
from serving.store.many import cards_of, every_card
from serving.store.shapes import FIELDS
from serving.web.answers import json_response, release_headers
from serving.web.body import JsonBody
from serving.web.language import chosen_language
from serving.web.problems import documented

MAX_BYTES = 6_000_000  # 10,000 ids of the largest size
NDJSON, PARQUET = "application/x-ndjson", "application/vnd.apache.parquet"
FILE = {"schema": {"type": "string", "format": "binary"}}
BODY: JsonBody[LookUp] = JsonBody(LookUp, MAX_BYTES)
Asked = Annotated[LookUp, Depends(BODY.read)]

router = api_router("Customers")


class ScoresQuery(LanguageQuery):
    """What of the whole release."""

    format: ScoresFormat = Field(
        default="ndjson",
        description="ndjson: a score card as JSON on each line; parquet: the columns of the CSV, "
        "without sentences and names of actions.",
    )
    fields: CardFields = Field(default=[], description="Default: all of the card.")
    language: Language | None = Field(
        default=None, description="Without it there are codes and values, and no sentences."
    )


@router.post(
    "/v1/scores:lookup",
    dependencies=[needs("cards:read")],
    summary="The cards of up to 10,000 customers at once",
    openapi_extra=BODY.documented,
    response_model=LookedUp,
    responses=documented("release-not-found", *SENT, "no-release", *COMMON),
)
def look_up_scores(_: Nothing, asked: Asked, request: Request, store: Store) -> Response:
    """A row for each id, in the order asked, all from one release.

    Ids of any kind can be asked for here, also those that are hard to write in an address.
    """
    release, cards = cards_of(store, asked.customer_ids, asked.fields, asked.release)
    language = chosen_language(request, asked.language)
    told = {who: worded(card, release.words, language, asked.fields) for who, card in cards.items()}
    rows = [
        {
            "customer_id": who,
            "status": "found" if who in told else "not_found",
            "card": told.get(who),
        }
        for who in asked.customer_ids
    ]
    found = sum(row["card"] is not None for row in rows)
    return json_response(release, {**release.stamp(), "found": found, "customers": rows})


@router.get(
    "/v1/releases/{release_id}/scores",
    dependencies=[needs("cards:read")],
    summary="A whole release as a file: everybody's card",
    response_class=StreamingResponse,
    responses={
        200: {"content": {NDJSON: FILE, PARQUET: FILE}},
        **documented("release-not-found", "no-release", *COMMON),
    },
)
def export_scores(
    release_id: Text, query: Annotated[ScoresQuery, Query()], store: Store
) -> StreamingResponse:
    """Everybody who has a card, also those who have gone, in the order of their ids.

    A download that breaks off has no end: what was received of it is not a whole release.
    """
    is_parquet = query.format == "parquet"
    fields = fields_of_columns(query.fields) if is_parquet else query.fields or FIELDS
    release, batches = every_card(store, release_id, fields)
    parts = parquet_parts(batches, query.fields) if is_parquet else _lines(batches, release, query)
    name = f"scores-{release.as_of_date}-{release.release_id}.{query.format}"
    return StreamingResponse(
        parts,
        media_type=PARQUET if is_parquet else NDJSON,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            **release_headers(release),
        },
    )


def _lines(batches: Iterator[list[Card]], release: Release, query: ScoresQuery) -> Iterator[bytes]:
    for batch in batches:
        if query.language is None:
            cards = [sparse(card, query.fields) for card in batch]
        else:
            cards = [worded(card, release.words, query.language, query.fields) for card in batch]
        yield b"".join(as_json(card) + b"\n" for card in cards)
