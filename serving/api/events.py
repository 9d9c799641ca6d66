"""`POST /v1/events`: purchases and what else customers did, told as it happens."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from serving.api.asking import COMMON, SENT, WRITING, Nothing, Store, api_router
from serving.api.outcomes import Key, key_of
from serving.live.anew import LiveCards
from serving.live.histories import MOST_CUSTOMERS, News, Strict, events_of
from serving.people.access import needs
from serving.web.body import JsonBody
from serving.web.problems import documented
from serving.work.events import TABLES_OF_EVENTS
from serving.work.outcomes import tell

MAX_BYTES = 8_000_000


class Events(Strict):
    """What customers did since their cards were made."""

    customers: Annotated[list[News], Field(min_length=1, max_length=MOST_CUSTOMERS)]  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _has_rows(self) -> "Events":
        if not any(getattr(one, name) for one in self.customers for name in TABLES_OF_EVENTS):
            raise ValueError(f"holds no row of {', '.join(TABLES_OF_EVENTS)}")
        return self


class AcceptedEvents(BaseModel):
    """The answer: these rows are on disk, and what is read from now on knows them."""

    events: int = Field(description="Rows, of all customers and tables.")
    request: int = Field(
        description="Grows with each request; `outcomes_until` of a run counts it."
    )
    received_at: AwareDatetime
    not_scored: str | None = Field(
        description="Whose cards were not made anew, and why; null where all were."
    )


BODY: JsonBody[Events] = JsonBody(Events, MAX_BYTES)
Told = Annotated[Events, Depends(BODY.read)]

router = api_router("Customers")


@router.post(
    "/v1/events",
    dependencies=[needs("events:write")],
    summary="Tell what customers did, as it happens",
    status_code=201,
    openapi_extra=BODY.documented,
    responses=documented(
        "customer-not-found",
        "idempotency-key-reused",
        "invalid-history",
        *SENT,
        "no-release",
        *WRITING,
        *COMMON,
    ),
)
def record_events(
    _: Nothing, told: Told, request: Request, store: Store, idempotency_key: Key = None
) -> AcceptedEvents:
    """Purchases, visits, tickets and surveys of 1 to 1,000 customers, all or none.

    Answered when they are on disk and the customers' cards are made anew: card, look-up, list and
    export tell what came of it. Rows that your next export holds too count once.
    """
    key = key_of(request, idempotency_key)
    events = events_of(told.customers)
    kept = tell(store, events, key, request.state.caller.who)
    live: LiveCards = request.app.state.live_cards
    return AcceptedEvents(
        events=kept.outcomes,
        request=kept.request,
        received_at=kept.received_at,
        not_scored=live.after({event.customer_id for event in events}),
    )
