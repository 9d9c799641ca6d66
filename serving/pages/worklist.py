"""The page to begin the day with: the at-risk list, as the API returns it."""

from collections.abc import Mapping
from typing import Any, get_args

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup, escape

from features.params import LABEL
from models.customers.relationship import HELD_BY
from models.customers.segments import (
    ABC_CLASSES,
    LIFECYCLE_STAGES,
    RFM_SEGMENTS,
    RISK_BANDS,
    RiskBand,
)
from serving.cards.card import (
    ScoreCard,
)
from serving.cards.category_risks import likely_left
from serving.cards.codes import TaskFilter
from serving.cards.model_words import grade_in_words, quality_in_words
from serving.cards.release import Release
from serving.cards.sorting import ASCENDING, RANKED, Sort
from serving.cards.stored import Card
from serving.cards.worded import strongest_reason, worded
from serving.pages.changed import changed_line
from serving.pages.cut import drawn
from serving.pages.list_tasks import PICK, list_query, mark_of, with_tasks
from serving.pages.views import views_row
from serving.people.access import needs, store_of
from serving.store.listing import formed_list
from serving.store.reading import Form, KeptCard
from serving.web.convertors import id_in_path
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, suffix, words_of
from serving.web.problems import ApiProblem, InvalidParameter
from serving.web.templates import templates
from serving.web.texts import Texts
from serving.wording.languages import Language
from serving.work.approvals import is_approved
from serving.work.task_reading import task_states
from serving.work.threshold import threshold

# Columns of the list, by what a click on their heading sorts by.
COLUMNS: dict[str, Sort | None] = {
    "customer": None,
    "risk": "churn_risk",
    "value_at_risk": "value_at_risk",
    "reason": None,
    "next_purchase": "next_purchase_date",
    "action": None,
    "work": None,
}
# Filters behind a word, which is open where one of them is set.
MORE = (
    "lifecycle_stage",
    "rfm_segment",
    "abc_class",
    "held_by",
    "assignee",
    "not_contacted_days",
    "to_contact",
    "relationship_declined",
    "risk_rose",
)
FIRST = ("risk_band", "intended_action", "owner", "q")  # filters that are always seen
# Parameters of the form; the others of the URL are carried along.
FIELDS = {*FIRST, *MORE, "task_state", "sort", "order"}
ONLY_OF_API = {"format", "fields"}
TASK_FILTERS = get_args(TaskFilter.__value__)
# The choices of the form that are the same for every release.
CHOICES = {
    "risk_band": RISK_BANDS,
    "lifecycle_stage": LIFECYCLE_STAGES,
    "rfm_segment": RFM_SEGMENTS,
    "abc_class": ABC_CLASSES,
    "held_by": HELD_BY,
    "task_state": TASK_FILTERS,
}
Asked = dict[str, list[Any]]
STATE = "\x00s"  # no text of a card holds this
router = APIRouter(include_in_schema=False)


@router.get("/", dependencies=[needs("cards:read")])
def list_page(request: Request) -> Response:
    """The ranked list; filters, order and page are in the URL."""
    asked = asked_in(request)
    for name in ONLY_OF_API & asked.keys():
        why = "is a parameter of /v1/at-risk"
        wrong = InvalidParameter(parameter=name, problem=why)
        raise ApiProblem("invalid-parameters", f"{name}: {why}", [wrong])
    query = list_query(asked)
    language = chosen_language(request, query.language)
    form = _row_text(request.app.state.texts, language)
    page = formed_list(store_of(request), query, form, query.release, task_states)
    here = {name: values for name, values in asked.items() if name != "cursor"}
    _, cut = threshold(store_of(request), query)
    tasks, rows = with_tasks(request, page.cards, language)
    of_api: Asked = {**here, "task_state": [str(query.task_state)], "language": [language]}
    return page_of(
        request,
        "at_risk.html",
        language,
        asked,
        page=page,
        release=page.release,
        rows=_with_state(rows, asked),
        tasks=tasks,
        cut=cut,
        drawing=cut and drawn(cut),
        beside_cut=[
            (name, value)
            for name, all_ in here.items()
            if name != "min_churn_risk"
            for value in all_
        ],
        shown=len(page.cards),
        query=query,
        choices=CHOICES,
        bands=_bands(page.by_band, here),
        is_filtered=any(getattr(query, name) for name in (*FIRST, *MORE)),
        more_set=any(getattr(query, name) for name in MORE),
        model_page="/model" + suffix({"language": [language]}),
        quality=quality_in_words(page.release, language),
        grade_in_words=grade_in_words(page.release, language),
        columns=[(name, sort, _sorted(here, page, sort)) for name, sort in _columns(page.release)],
        offered=_offered(page.release),
        api="/v1/at-risk" + suffix({"limit": [str(query.limit)], **of_api}),
        excel="/v1/at-risk" + suffix({**of_api, "format": ["excel"]}),
        xlsx="/v1/at-risk" + suffix({**of_api, "format": ["xlsx"]}),
        next="/" + suffix({**here, "cursor": [page.next_cursor]}) if page.next_cursor else None,
        first="/" + suffix(here) if page.seen else None,
        kept=[(name, value) for name, all_ in here.items() if name not in FIELDS for value in all_],
        expired=out_of_date(page.release, language),
        views=views_row(request, asked),
        is_approved=is_approved(store_of(request), page.release),
        plan_page="/plan" + suffix({"language": [language]}),
        win_back="/win-back" + suffix({"language": [language]}),
        changed=changed_line(request, query.release, asked.get("language", [])),
    )


def _bands(
    counts: Mapping[RiskBand, int], here: Mapping[str, list[str]]
) -> list[tuple[RiskBand, int, str]]:
    """Each band with its customers and the address that shows these, or again all of them."""
    asked = here.get("risk_band")
    rest = {name: values for name, values in here.items() if name != "risk_band"}
    return [
        (band, n, "/" + suffix(rest if asked == [band] else {**rest, "risk_band": [band]}))
        for band, n in counts.items()
    ]


def _row_text(texts: Texts, language: Language) -> Form[tuple[str, bytes]]:
    """What makes the row of a card, with marks where its task and the list's address belong."""

    def row_of(kept: KeptCard) -> tuple[str, bytes]:
        release = kept.found.release
        text = texts.of(kept, ("row", language), lambda card: _row(card, release, language))
        return kept.customer_id, text

    return row_of


def _row(card: Card, release: Release, language: Language) -> bytes:
    mark = mark_of(card)
    strongest = strongest_reason(card)
    # Of its reasons only one is shown, and sentences take longer than all the rest.
    card["reasons"] = [strongest] if strongest else card["reasons"][:1]
    told = ScoreCard.model_validate(worded(card, release.words, language))
    text = templates.get_template("at_risk_row.html").render(
        **words_of(language, release.currency),
        release=release,
        card=told,
        task=mark,
        pick=PICK,
        reason=told.reasons[0] if strongest else None,
        left=likely_left(told),
        change=round(100 * told.risk_change) if told.risk_change else None,
        customer_url=f"/customers/{id_in_path(told.customer_id)}{STATE}",
    )
    return f"{text}\n".encode()


def _with_state(rows: str, asked: Mapping[str, list[str]]) -> Markup:
    """The rows with the state of the list in the addresses of customers, for the way back."""
    return Markup(rows.replace(STATE, escape(suffix(asked))))


def _columns(release: Release) -> list[tuple[str, Sort | None]]:
    """The COLUMNS that this release has: with a rule no date and no action, else maybe no money."""
    absent = set() if release.has_money else {"value_at_risk"}
    if release.churn_definition == LABEL:
        absent |= {"next_purchase"}
    if release.gate is not None:
        absent |= {"next_purchase", "action", "work"}
    return [(name, sort) for name, sort in COLUMNS.items() if name not in absent]


def _offered(release: Release) -> list[Sort]:
    """What the list can be ranked by, besides what a heading sorts by: the place in the stage."""
    sorts = [sort for _, sort in _columns(release) if sort is not None]
    return [*sorts, *(() if release.churn_definition == LABEL else RANKED)]


def _sorted(here: Mapping[str, list[str]], page: Any, sort: str | None) -> str | None:
    """The link of a column's heading: sorted by the column, or in the reverse order."""
    if sort is None:
        return None
    usual = "asc" if sort in ASCENDING else "desc"
    other = "desc" if page.order == "asc" else "asc"
    order = other if page.sort == sort else usual
    return "/" + suffix({**here, "sort": [sort], "order": [order]})
