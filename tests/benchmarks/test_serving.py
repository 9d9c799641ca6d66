"""The benchmark of the service: its load, and its release of many customers."""

import asyncio

import pyarrow.parquet as pq
import pytest

from benchmarks.serving.__main__ import report
from benchmarks.serving.cases import CARD, LIST, misses
from benchmarks.serving.load import closed_loop, first_body, get, open_loop, post
from benchmarks.serving.release import write_large
from core.files import read_json, write_manifest
from serving.settings import Settings
from serving.store.database import open_store
from serving.store.publishing import publish
from tests.serving.conftest import RunningApp
from tests.serving.releases import company, write_release


def test_the_load_counts_what_was_answered():
    answered = 0

    async def app(scope, receive, send):
        nonlocal answered
        assert scope["type"] == "http"
        answered += 1  # before the answer, which the load may count at once
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"good"})

    with RunningApp(app, Settings(port=0)) as (_, port):
        assert first_body(port, get("/")) == b"good"
        for keep in (True, False):
            before = answered
            found = asyncio.run(closed_loop(port, [get("/")], 0.1, 2, keep))
            assert len(found.milliseconds) == answered - before > 2
        before = answered
        found = asyncio.run(open_loop(port, [get("/")], 0.2, rate=100))
        assert len(found.milliseconds) == answered - before == 20
        assert found.quantile(0.5) > 0


def test_bodies_are_sent_and_read():
    sent = []

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        message = await receive()
        sent.append((scope["method"], scope["path"], message["body"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"good"})

    with RunningApp(app, Settings(port=0)) as (_, port):
        assert first_body(port, post("/a", b'{"b": 1}')) == b"good"
    assert sent == [("POST", "/a", b'{"b": 1}')]


def test_what_is_not_reached_is_named():
    reached = {"case": CARD, "store": "sqlite", "ratio_to_bare": 0.2, "p50_ms": 1.0}
    missed = {"case": LIST, "store": "postgresql", "ratio_to_bare": 0.04, "p50_ms": 99.0}
    started = [{"store": "sqlite", "first_card_seconds": 3.5, "peak_mb": 300}]
    attacked = [{"attack": "40 searches", "max_ms": 120.0}]
    good = {"rows": [reached], "started": [], "under_attack": []}
    bad = {"rows": [reached, missed], "started": started, "under_attack": attacked}
    assert misses(good) == []
    told = misses(bad)
    assert told == [
        "list of 100: ratio_to_bare ≥ 0.05; it is 0.04 on postgresql",
        "a new process: first_card_seconds ≤ 3; it is 3.5 on sqlite",
        "40 searches: max_ms ≤ 100; it is 120",
    ]
    text = report(bad)
    assert "| card | SQLite | – | 1.0 | – | 0.2 | – |" in text
    assert f"* {told[0]}" in text


@pytest.mark.slow
def test_a_release_of_many_customers_can_be_published(tmp_path):
    small = write_release(tmp_path / "small", company(5))
    facts = read_json(small / "manifest.json")
    del facts["files"]
    write_manifest(small, **facts)  # sealed, as stage `release` writes it
    ids = write_large(small, tmp_path / "large", 40)
    cards = pq.read_table(tmp_path / "large" / "cards.parquet")
    assert len(cards) == 40 > len(ids) > 10
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    assert publish(tmp_path / "large", engine, keep=2).cards == 40
    engine.dispose()


def test_without_a_release_it_says_what_to_run(tmp_path):
    with pytest.raises(SystemExit, match="run `make run` first"):
        write_large(tmp_path / "none", tmp_path / "large", 10)
