"""The page on the data and the model: may this list be trusted, and how far."""

from collections import Counter

from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.words import CALIBRATED
from serving.cards.codes import Severity
from serving.cards.model_words import needs_in_words, quality_in_words, rule_in_words, told
from serving.cards.verdict_words import part_in_words
from serving.cards.worded import worded_report
from serving.pages import calibration
from serving.pages.model_card import card_html
from serving.people.access import needs, store_of
from serving.store.missed import keeps_missed
from serving.store.model_report import model_of
from serving.web.answers import release_headers
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, query_of, suffix
from serving.web.problems import ApiProblem
from serving.wording.sentences import sentence, written

router = APIRouter(include_in_schema=False)
SEVERITIES: dict[Severity, str] = {  # → their unit
    "error": "errors",
    "warning": "warnings",
    "advice": "advice",
}


@router.get("/model", dependencies=[needs("figures:read")])
def model_page(request: Request) -> Response:
    """The findings on the data, the grade, the calibration, drift, and the model card."""
    asked = {
        name: values
        for name, values in asked_in(request).items()
        if name in ("language", "release")
    }
    query = query_of(asked)
    language = chosen_language(request, query.language)
    store = store_of(request)
    release, kept, monitor = model_of(store, query.release)
    report = told(release, kept, monitor, language)
    judged = report.judged
    numbers = Counter(one.severity for one in report.findings)
    counts = [(numbers[name], unit) for name, unit in SEVERITIES.items() if numbers[name]]
    here = suffix({**asked, "language": [language]})
    return page_of(
        request,
        "model.html",
        language,
        asked,
        release=release,
        report=report,
        counts=", ".join(written(count, unit, language) for count, unit in counts),
        advised=numbers["advice"],
        quality=quality_in_words(release, language),
        needs=needs_in_words(release, language),
        rule=judged and rule_in_words(judged.best_rule, language),
        holds=CALIBRATED,
        part_rows=[(one, part_in_words(one.model_dump(), language)) for one in judged.parts]
        if judged
        else [],
        drawing=judged and calibration.draw(judged.calibration, language),
        monitor=monitor and worded_report(monitor, language),
        card=card_html(report.card, sentence("model.card", language)) if report.card else None,
        missed_url="/missed" + suffix(asked) if keeps_missed(store, query.release) else None,
        monitor_url="/monitor" + suffix({"language": [language]}),
        profit_url="/profit" + suffix(asked) if kept and kept.cuts else None,
        card_url="/model/card.md" + here,
        api="/v1/model" + here,
        expired=out_of_date(release, language),
    )


@router.get("/model/card.md", dependencies=[needs("figures:read")])
def model_card_file(request: Request) -> Response:
    """The model card as it was written, to keep."""
    query = query_of(asked_in(request))
    release, kept, _ = model_of(store_of(request), query.release)
    if kept is None:
        raise ApiProblem("not-found", f"Release {release.release_id} keeps no model card.")
    name = f"model-card-{release.as_of_date}-{release.release_id}.md"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **release_headers(release)}
    return Response(kept.card, media_type="text/markdown; charset=utf-8", headers=headers)
