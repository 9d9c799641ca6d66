"""Pages of figures on the whole company: the sales forecast, and the monitor."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.cards.forecast import PublishedForecast
from serving.cards.worded import worded_report
from serving.pages.simple_rules import compared_with_rules
from serving.people.access import needs, store_of
from serving.store.reading import current_forecast
from serving.store.reports import current_report
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, query_of

router = APIRouter(include_in_schema=False)


@router.get("/forecast", dependencies=[needs("figures:read")])
def forecast_page(request: Request) -> Response:
    """Orders and revenue by month and segment, and how the forecast did on past dates."""
    asked = {name: values for name, values in asked_in(request).items() if name == "language"}
    language = chosen_language(request, query_of(asked).language)
    release, forecast = current_forecast(store_of(request))
    return page_of(
        request,
        "forecast.html",
        language,
        asked,
        release=release,
        forecast=forecast,
        amounts=[what for what in ("orders", "spend") if getattr(forecast.total, what) is not None],
        # With one period its line is also the total.
        lines=[*forecast.periods, *([forecast.total] if len(forecast.periods) > 1 else [])],
        others=_brought_by_others(forecast),
        rules=[said for said, _ in compared_with_rules(forecast, language)],
        api="/v1/forecast",
        expired=out_of_date(release, language),
    )


@router.get("/monitor", dependencies=[needs("figures:read")])
def monitor_page(request: Request) -> Response:
    """Drift since training, how past releases turned out, and advice."""
    asked = {name: values for name, values in asked_in(request).items() if name == "language"}
    language = chosen_language(request, query_of(asked).language)
    release, report = current_report(store_of(request))
    return page_of(
        request,
        "monitor.html",
        language,
        asked,
        release=release,
        report=worded_report(report, language),
        api=f"/v1/monitor?language={language}",
        expired=out_of_date(release, language),
    )


def _brought_by_others(forecast: PublishedForecast) -> tuple[float, float | None] | None:
    """Least and most share of purchases by others, over the past dates; None without any date.

    The second is None where the two would be written alike.
    """
    shares = [
        backtest.not_in_it["orders"].new + backtest.not_in_it["orders"].back
        for backtest in forecast.backtest
    ]
    if not shares:
        return None
    low, high = min(shares), max(shares)
    return low, (None if round(low, 2) == round(high, 2) else high)
