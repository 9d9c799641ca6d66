"""The overview of the company: how it does month by month, and where its customers stand."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Engine

from models.customers.segments import A_SHARE, B_SHARE
from serving.cards.forecast import PublishedForecast
from serving.cards.overview import AtStake, Movers, Overview
from serving.pages import overview_pictures as pictures
from serving.pages.overview_tiles import tiles
from serving.pages.simple_rules import compared_with_rules
from serving.people.access import needs, store_of
from serving.store.errors import NoForecastError
from serving.store.missed import keeps_missed
from serving.store.overview import overview_of
from serving.store.reading import current_forecast
from serving.store.visible import visible_owners
from serving.web.convertors import id_in_path
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, query_of, suffix
from serving.wording.languages import Language

MOST_OWNERS = 30
SHARES = {"A": A_SHARE, "B": B_SHARE - A_SHARE, "C": 1 - B_SHARE}  # of revenue, by ABC class
WAYS = ("shrinking", "growing")
router = APIRouter(include_in_schema=False)


@router.get("/overview", dependencies=[needs("figures:read")])
def overview_page(request: Request) -> Response:
    """Figures by month, value at risk, cohorts, the RFM grid, and who grows and shrinks."""
    asked = {name: values for name, values in asked_in(request).items() if name == "language"}
    language = chosen_language(request, query_of(asked).language)
    store = store_of(request)
    with_customers = "cards:read" in request.state.caller.scopes
    release, overview = overview_of(store, None, with_customers)
    forecast = _forecast(store)
    return page_of(
        request,
        "overview.html",
        language,
        asked,
        release=release,
        overview=overview,
        link=partial(_link, asked),
        customer=partial(_customer, asked),
        tiles=tiles(overview, release.currency, language),
        limited=visible_owners(store) is not None,
        at_stake=_at_stake(overview),
        shares=SHARES,
        ways=_ways(overview.movers),
        heat=pictures.heat_map(overview.cohorts, language) if overview.cohorts else [],
        grid=pictures.grid_rows(overview.rfm) if overview.rfm else [],
        moves=pictures.largest_moves(overview.rfm) if overview.rfm else [],
        counts=pictures.segment_counts(overview.rfm) if overview.rfm else {},
        curve=pictures.pareto_curve(overview.pareto, language) if overview.pareto else None,
        strengths=pictures.strengths(overview.relationship) if overview.relationship else None,
        forecast=forecast,
        rules=[said for said, is_closer in _rules(forecast, language) if is_closer],
        knows_missed=keeps_missed(store),
        api="/v1/overview",
        expired=out_of_date(release, language),
    )


def _forecast(store: Engine) -> PublishedForecast | None:
    try:
        return current_forecast(store)[1]
    except NoForecastError:
        return None


def _rules(forecast: PublishedForecast | None, language: Language) -> list[tuple[str, bool]]:
    return [] if forecast is None else compared_with_rules(forecast, language)


def _at_stake(overview: Overview) -> list[tuple[str, list[AtStake]]]:
    """Segments, classes and the owners with most at risk; only lists that hold anything."""
    groups = overview.value_at_risk
    found = [
        ("rfm_segment", groups.rfm_segment),
        ("abc_class", groups.abc_class),
        ("owner", groups.owner[:MOST_OWNERS]),
    ]
    return [(by, rows) for by, rows in found if rows]


def _ways(movers: Movers | None) -> list[tuple[str, list[Any]]]:
    return [] if movers is None else [(way, getattr(movers, way)) for way in WAYS]


def _link(asked: dict[str, list[str]], path: str, **filters: str) -> str:
    return path + suffix({**{name: [value] for name, value in filters.items()}, **asked})


def _customer(asked: dict[str, list[str]], customer_id: str) -> str:
    return f"/customers/{id_in_path(customer_id)}{suffix(asked)}"
