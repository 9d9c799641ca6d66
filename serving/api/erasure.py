"""`DELETE /v1/customers/{id}`: a customer is erased from the store."""

import datetime as dt

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, Field

from serving.api.asking import COMMON, WRITING, Nothing, Store, api_router
from serving.people.access import Access, needs
from serving.store.reading import one_card
from serving.store.visible import visible_owners
from serving.web.convertors import ANYTHING
from serving.web.problems import documented
from serving.work.erasure import erase

REMAINS = (
    "The pipeline's folders are not the service's: run `python -m pipelines.erase` where the "
    "pipeline runs, and erase the customer in the systems that the data comes from."
)
router = api_router("Customers")


class ErasureReceipt(BaseModel):
    """What was erased. It names nobody: keep the id with it where you have to."""

    receipt: int = Field(description="The number of the entry in the audit log.")
    erased_at: AwareDatetime
    releases: int = Field(description="Kept releases that held a card.")
    cards: int
    other_rows: int = Field(
        description="What was told of the customer, and what others were told that named them."
    )
    is_overwritten: bool = Field(
        description="Whether no byte of it is left in the store's files; if not, repeat the call."
    )
    remains: str = Field(description="What the service cannot erase.")


@router.delete(
    f"/v1/customers/{{customer_id:{ANYTHING}}}",
    dependencies=[needs("customers:erase")],
    summary="Erase a customer for good",
    responses=documented("customer-not-found", "no-release", *WRITING, *COMMON),
)
def erase_customer(customer_id: str, _: Nothing, request: Request, store: Store) -> ErasureReceipt:
    """Out of every kept release at once, of what was told, and of all that will be published.

    An id that no release holds is erased too: the data may hold it. May be repeated.
    """
    access: Access = request.app.state.access
    if visible_owners(store) is not None:
        one_card(store, customer_id, False)  # who sees some customers erases none of the others
    receipt = erase(access.engine, customer_id, request.state.caller.who)
    return ErasureReceipt(
        receipt=receipt.number,
        erased_at=receipt.at.replace(tzinfo=dt.UTC),
        releases=receipt.releases,
        cards=receipt.cards,
        other_rows=receipt.other_rows,
        is_overwritten=receipt.is_overwritten,
        remains=REMAINS,
    )
