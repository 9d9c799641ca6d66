"""Every answer says which release it was read from, and whether that is still good."""

import datetime as dt

import pandas as pd
import pytest

from serving.cards.release import Stamp
from serving.store.publishing import publish
from serving.store.reports import keep_report
from tests.serving.conftest import Running
from tests.serving.releases import card_row, write_release
from tests.serving.test_monitor import monitor_report

STAMPED = (
    "/v1/at-risk",
    "/v1/changes",
    "/v1/forecast",
    "/v1/monitor",
    "/v1/plan:what-if",
    "/v1/releases/current",
    "/v1/customers/1",
)


@pytest.fixture
def told(engine, tmp_path):
    """A service on a release that is good until that day, and its id."""

    def serve(expires):
        day = pd.Timestamp(dt.datetime.now(dt.UTC).date() + dt.timedelta(days=expires))
        rows = [card_row(str(n), expires_at=day) for n in range(3)]
        published = publish(write_release(tmp_path / str(expires), rows), engine, keep=2)
        keep_report(engine, published.release_id, monitor_report())
        return Running(engine), published.release_id

    return serve


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("expires", "is_stale"), [(0, False), (-1, True)])
def test_every_answer_carries_the_stamp_of_its_release(told, expires, is_stale):
    running, release_id = told(expires)
    with running as service:
        stamps = []
        for target in STAMPED:
            answer = service.get(target).json()
            stamps.append({name: answer[name] for name in Stamp.model_fields})
        assert stamps[0]["release_id"] == release_id
        assert stamps[0]["is_stale"] is is_stale
        assert all(stamp == stamps[0] for stamp in stamps)
        [kept] = service.get("/v1/releases").json()["releases"]
        assert kept["is_stale"] is is_stale
