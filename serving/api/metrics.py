"""`GET /metrics`: figures on the service itself, for Prometheus."""

import datetime as dt

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.errors import NoReleaseError
from serving.people.access import needs
from serving.store.reading import current
from serving.web.observed import Figures

router = APIRouter(include_in_schema=False)


@router.get("/metrics", dependencies=[needs("metrics:read")])
def get_metrics(request: Request) -> Response:
    """Requests by route and status, how long they took, and how old the release is."""
    figures: Figures = request.app.state.figures
    try:
        release = current(request.app.state.engine)
    except NoReleaseError:
        pass  # the gauges of the release stay 0
    else:
        figures.as_of.set(_timestamp(release.as_of_date))
        figures.expires.set(_timestamp(release.expires_at + dt.timedelta(days=1)))
    return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)


def _timestamp(day: dt.date) -> float:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp()
