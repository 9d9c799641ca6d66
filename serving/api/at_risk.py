"""`GET /v1/at-risk`: the ranked list, page by page as JSON or whole as CSV or lines of JSON."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine

from serving.api.asking import COMMON, Store, api_router
from serving.cards.codes import ExportFormat, Format
from serving.cards.csv import csv_lines, fields_of_columns
from serving.cards.query import AtRiskQuery, CutQuery, ExportQuery, ListQuery
from serving.cards.release import AtRisk, ByBand
from serving.cards.stored import Card, as_json
from serving.cards.threshold import Threshold
from serving.cards.worded import worded
from serving.cards.xlsx import workbook
from serving.people.access import needs
from serving.store.listing import formed_list
from serving.store.reading import reading
from serving.web.answers import (
    UNCHANGED,
    card_text,
    in_pieces,
    json_answer,
    release_headers,
    with_list,
)
from serving.web.language import chosen_language
from serving.web.problems import documented
from serving.wording.languages import Language
from serving.work.task_reading import task_states
from serving.work.threshold import threshold

router = api_router("Customers")
PROBLEMS = ("release-not-found", "no-money", "no-release", *COMMON)
CSV, NDJSON = "text/csv", "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS: dict[str, tuple[str, str]] = {  # by format: how a file's name ends, and its media type
    "csv": ("csv", f"{CSV}; charset=utf-8"),
    "excel": ("csv", f"{CSV}; charset=utf-8"),
    "ndjson": ("ndjson", NDJSON),
    "xlsx": ("xlsx", XLSX),
}
EXPORTED = 250  # cards that an export holds at a time: 4 MB
TEXT = {"schema": {"type": "string"}}
BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/v1/at-risk",
    dependencies=[needs("cards:read")],
    summary="Customers ranked by what is at risk, page by page",
    response_model=AtRisk,
    responses={**UNCHANGED, **documented("invalid-cursor", "cursor-gone", *PROBLEMS)},
)
def list_at_risk(query: Annotated[AtRiskQuery, Query()], request: Request, store: Store) -> Any:
    """All pages of a list come from one release: follow `next` until it is null.

    The header Accept (text/csv, application/x-ndjson) or `format` makes it the whole list at once,
    as exportAtRisk returns it.
    """
    language = chosen_language(request, query.language)
    wanted = _format(query, request)
    if wanted != "json":
        return _export(store, query, language, wanted, query.limit)
    form = card_text(request.app.state.texts, language, query.fields)
    page = formed_list(store, query, form, query.release, task_states)
    release = page.release
    answer = AtRisk(
        **release.stamp(),
        value_horizon_days=release.value_horizon_days,
        value_extrapolated_from=release.value_extrapolated_from,
        compared_with=page.compared_with,
        sort=page.sort,
        order=page.order,
        total=page.total,
        total_value_at_risk=page.total_value_at_risk,
        by_band=ByBand.model_validate(page.by_band),
        next=page.next_cursor and "/v1/at-risk?" + _parameters(query, cursor=page.next_cursor),
        customers=[],
    ).model_dump(mode="json")
    return json_answer(request, release, with_list(as_json(answer), "customers", page.cards))


@router.get(
    "/v1/at-risk/threshold",
    dependencies=[needs("cards:read")],
    summary="Where to cut the list: customers reached, leavers among them, contacts wasted",
    response_model=Threshold,
    responses={**UNCHANGED, **documented(*PROBLEMS)},
)
def get_threshold(query: Annotated[CutQuery, Query()], request: Request, store: Store) -> Any:
    """From the calibrated risks of all whom the filters leave; `min_churn_risk` is the cut."""
    release, cut = threshold(store, AtRiskQuery.model_validate(query.model_dump()))
    return json_answer(
        request, release, Threshold(**release.stamp(), cut=cut).model_dump(mode="json")
    )


@router.get(
    "/v1/at-risk/export",
    dependencies=[needs("cards:read")],
    summary="The whole list of customers at risk as a file",
    response_class=StreamingResponse,
    responses={200: {"content": {CSV: TEXT, NDJSON: TEXT, XLSX: BINARY}}, **documented(*PROBLEMS)},
)
def export_at_risk(
    query: Annotated[ExportQuery, Query()], request: Request, store: Store
) -> StreamingResponse:
    """Everybody whom the filters leave, in the order of the list, from one release."""
    language = chosen_language(request, query.language)
    return _export(store, query, language, query.format, None)


def _format(query: AtRiskQuery, request: Request) -> Format:
    if query.format:
        return query.format
    accepted = request.headers.get("accept", "").lower()
    if "application/json" in accepted:
        return "json"
    formats: dict[str, Format] = {CSV: "csv", NDJSON: "ndjson"}
    return next((form for media, form in formats.items() if media in accepted), "json")


def _parameters(query: AtRiskQuery, **changed: Any) -> str:
    asked = {**query.model_dump(exclude_defaults=True), **changed}
    spelt = {n: str(v).lower() if isinstance(v, bool) else v for n, v in asked.items()}
    return urlencode(spelt, doseq=True)


def _export(
    store: Engine,
    query: ListQuery,
    language: Language,
    wanted: ExportFormat,
    limit: int | None,
) -> StreamingResponse:
    asked = query.model_dump(exclude_defaults=True, exclude={"format", "limit"})
    size = min(limit or EXPORTED, EXPORTED)
    paged = AtRiskQuery.model_validate({**asked, "limit": size})
    asks_for = query.fields if wanted == "ndjson" else fields_of_columns(query.fields)
    form = reading(asks_for)
    # The first page is read before the response begins, so that an error still has its status.
    page = formed_list(store, paged, form, query.release, task_states)

    def cards() -> Iterator[Card]:
        here = page
        yield from here.cards
        while limit is None and here.next_cursor:
            further = paged.model_copy(update={"cursor": here.next_cursor})
            here = formed_list(store, further, form, query.release, task_states)
            yield from here.cards

    ending, media_type = ENDINGS[wanted]
    name = f"at-risk-{page.release.as_of_date}.{ending}"
    words = page.release.words
    if wanted == "xlsx":
        pieces = workbook(cards(), language, query.fields, words)
    elif wanted == "ndjson":
        texts = (worded(card, words, language, query.fields) for card in cards())
        pieces = in_pieces(as_json(text) + b"\n" for text in texts)
    else:
        lines = csv_lines(cards(), language, wanted == "excel", query.fields, words)
        pieces = in_pieces(lines)
    return StreamingResponse(
        pieces,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            **release_headers(page.release),
        },
    )
