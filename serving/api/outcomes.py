"""`POST /v1/outcomes`: what became of a contact, consents, complaints; the next run reads them."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import Field

from serving.api.asking import COMMON, SENT, WRITING, Nothing, Store, api_router
from serving.people.access import needs
from serving.web.body import JsonBody
from serving.web.problems import ApiProblem, documented
from serving.work.kinds import Outcome
from serving.work.outcomes import Accepted, tell

MOST = 10_000  # outcomes in one request
MAX_BYTES = 5_000_000
KEY = "Idempotency-Key"
Several = Annotated[list[Outcome], Field(min_length=1, max_length=MOST)]
BODY: JsonBody[Any] = JsonBody(Outcome | Several, MAX_BYTES)
Told = Annotated[Any, Depends(BODY.read)]
Key = Annotated[
    str | None,
    Header(
        alias=KEY,
        description="1 to 200 printable ASCII characters, of your own making: the same key with "
        "the same outcomes again is answered as before, and told only once.",
    ),
]

router = api_router("Outcomes")


@router.post(
    "/v1/outcomes",
    dependencies=[needs("outcomes:write")],
    summary="Tell what was done and what came of it",
    status_code=201,
    openapi_extra=BODY.documented,
    responses=documented(
        "customer-not-found",
        "idempotency-key-reused",
        *SENT,
        "no-release",
        *WRITING,
        *COMMON,
    ),
)
def record_outcomes(
    _: Nothing, told: Told, request: Request, store: Store, idempotency_key: Key = None
) -> Accepted:
    """One outcome or a list, all or none; answered when it is on disk."""
    key = key_of(request, idempotency_key)
    told = told if isinstance(told, list) else [told]
    return tell(store, told, key, request.state.caller.who)


def key_of(request: Request, key: str | None) -> str:
    """The key. Raises ApiProblem without one: what is sent twice could not be told once."""
    sent = len(request.headers.getlist(KEY))
    if sent != 1 or not key or not key.isascii() or not key.isprintable() or len(key) > 200:
        raise ApiProblem(
            "bad-request",
            f"Send one header {KEY} of 1 to 200 printable ASCII characters, such as a UUID made "
            "for this request, and the same again when you repeat it.",
        )
    return key
