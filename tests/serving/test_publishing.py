"""A release is published whole or not at all, on both databases."""

import datetime as dt
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.errors import ArtifactError, NoReleaseError, StoreError
from serving.store.database import open_store
from serving.store.publishing import publish
from serving.store.reading import current, one_card
from serving.store.tables import VERSIONS, card_versions, release_parts, releases, timeline_versions
from tests.serving.asking import card_of
from tests.serving.releases import AS_OF, card_row, company, gone_row, write_release

ROOT = Path(__file__).resolve().parents[2]

# A publisher for each line read, with small batches, ended as kill -9 would right after its write
# of that number; prints how it ended.
PUBLISHERS = """
import os, sys
from pathlib import Path
from sqlalchemy import event
from serving.store import publishing, release_folder, sqlite_file
from serving.store.database import open_store

release_folder.BATCH, release_folder.PURCHASES = 50, 150
# What a process has written outlives its own end in any case.
sqlite_file.USUAL = [one.replace("=FULL", "=OFF") for one in sqlite_file.USUAL]

def publish(left):
    engine = open_store(sys.argv[2])

    @event.listens_for(engine, "after_cursor_execute")
    def end(connection, cursor, statement, parameters, context, many):
        nonlocal left
        if statement.split()[0] in {"INSERT", "UPDATE", "DELETE", "CREATE"}:
            left -= 1
            if left == 0:
                os._exit(9)

    publishing.publish(Path(sys.argv[1]), engine, keep=2)

for line in sys.stdin:
    child = os.fork()  # what takes seconds to import is imported once
    if child == 0:
        publish(int(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def rows_in(engine, table):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def small(folder, *, risk=0.4, as_of=AS_OF, model="model-a", customers=3):
    rows = [
        card_row(f"{number}", churn_risk=risk, model_version=model) for number in range(customers)
    ]
    return write_release(folder, rows, as_of=as_of)


@pytest.mark.slow
def test_what_was_published_is_what_is_read(engine, release):
    done = publish(release, engine, keep=30)
    assert (done.outcome, done.cards) == ("published", 134)
    found = current(engine)
    assert found.release_id == done.release_id
    assert found.is_current
    assert found.published_at <= dt.datetime.now(dt.UTC)
    assert found.customers == {"scored": 130, "already_churned": 4}
    assert (found.quality.top_left, found.quality.top_left_by_rule) == (67.0, 54.2)
    assert found.plan.expected_gain == 40.0
    for row in company():
        card = card_of(engine, row["customer_id"], with_purchases=True)
        assert card.churn_risk == row["churn_risk"]
        assert card.value_at_risk == row["value_at_risk"]
        assert card.name == row["name"]
        assert card.status == row["status"]
        assert [one.amount for one in card.purchases] == [20.5] * 3
        assert card.purchases[-1].day == AS_OF - dt.timedelta(days=31)


@pytest.mark.slow
def test_a_release_from_before_there_were_categories_is_read(engine, tmp_path):
    lists = ("next_categories_new", "next_categories_any")
    rows = [{k: v for k, v in card_row("1").items() if k not in lists}]
    publish(write_release(tmp_path / "bare", rows), engine, keep=2)
    assert card_of(engine, "1").next_categories is None


@pytest.mark.slow
def test_publishing_the_same_release_again_does_nothing(engine, release):
    publish(release, engine, keep=30)
    before = current(engine)
    done = publish(release, engine, keep=30)
    assert done.outcome == "unchanged"
    assert current(engine) == before
    assert rows_in(engine, releases) == 1


@pytest.mark.slow
def test_an_older_release_is_brought_back_without_being_loaded_again(engine, tmp_path):
    one, other = small(tmp_path / "1", risk=0.1), small(tmp_path / "2", risk=0.2)
    first = publish(one, engine, keep=30)
    publish(other, engine, keep=30)
    again = publish(one, engine, keep=30)
    assert again.outcome == "brought back"
    assert current(engine).release_id == first.release_id
    assert rows_in(engine, releases) == 2
    assert rows_in(engine, card_versions) == 6


@pytest.mark.slow
def test_the_newest_releases_are_kept_and_the_current_one_always(engine, tmp_path):
    folders = [small(tmp_path / str(n), risk=0.1 + n / 10) for n in range(4)]
    ids = [publish(folder, engine, keep=3).release_id for folder in folders]
    with engine.connect() as connection:
        kept = list(connection.scalars(select(releases.c.release_id).order_by(releases.c.number)))
    assert kept == ids[1:]
    assert rows_in(engine, card_versions) == 9
    assert rows_in(engine, timeline_versions) == 3  # nobody has bought since
    assert len(card_of(engine, "1", with_purchases=True).purchases) == 3
    # The oldest kept one is made current: it is kept, and so are the newest two of the others.
    assert publish(folders[1], engine, keep=3).removed == ()
    done = publish(small(tmp_path / "new", risk=0.9), engine, keep=2)
    assert set(done.removed) == {ids[1], ids[2]}
    assert current(engine).release_id == done.release_id


@pytest.mark.slow
def test_whatever_ends_a_publisher_one_release_is_whole_and_nothing_is_left(
    store_url, release, tmp_path
):
    engine = open_store(store_url)
    served, step, is_old = set(), 0, False
    command = [sys.executable, "-c", PUBLISHERS, str(release), store_url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as publishers:
        while True:
            step += 1
            # What an ended publisher has left, the next one finds: only after a switch there have
            # to be two again, of which the older one is let go after the next.
            for number in () if is_old else range(2):
                folder = tmp_path / f"{step}-{number}"
                old = publish(small(folder, risk=step / 100 + number / 1000), engine, keep=2)
            print(step, file=publishers.stdin, flush=True)
            code = int(publishers.stdout.readline())
            found = current(engine)
            is_old = found.release_id == old.release_id
            assert sum(found.customers.values()) == (3 if is_old else 134)
            card = card_of(engine, "1" if is_old else "00001", with_purchases=True)
            assert len(card.purchases) == 3
            served.add(is_old)
            if code == 0:
                break
            assert code == 9
    assert step > 7
    assert served == {True, False}
    publish(small(tmp_path / "last", risk=0.99), engine, keep=2)
    with engine.connect() as connection:
        kept = set(connection.scalars(select(releases.c.number)))
        assert len(kept) == 2
        unfinished = select(func.count()).where(releases.c.published_at.is_(None))
        assert connection.scalar(unfinished) == 0
        parts = select(release_parts.c.number).distinct()
        assert set(connection.scalars(parts)) == kept
        for table in VERSIONS:
            assert set(connection.scalars(select(table.c.number).distinct())) <= kept
    engine.dispose()


@pytest.mark.slow
def test_readers_see_one_release_or_the_other_while_it_is_published(store_url, tmp_path):
    engine = open_store(store_url)
    folders = [small(tmp_path / str(n), risk=(n + 1) / 10, customers=40) for n in range(2)]
    publish(folders[0], engine, keep=2)
    seen, stop = set(), threading.Event()

    def read():
        while not stop.is_set():
            found, card = one_card(engine, "7", with_purchases=False)
            seen.add((found.release_id == card["release_id"], card["churn_risk"]))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(12):
        publish(folders[turn % 2], engine, keep=2)
    stop.set()
    for reader in readers:
        reader.join()
    engine.dispose()
    assert seen == {(True, 0.1), (True, 0.2)}


@pytest.mark.slow
def test_the_change_of_risk_is_against_the_latest_earlier_release_of_the_same_models(
    engine, tmp_path
):
    def published(name, **facts):
        publish(small(tmp_path / name, **facts), engine, keep=30)
        return card_of(engine, "1").risk_change

    week = dt.timedelta(days=7)
    assert published("first", risk=0.1, as_of=AS_OF) is None
    assert published("other models", risk=0.5, as_of=AS_OF + week, model="model-b") is None
    assert published("same day", risk=0.3, as_of=AS_OF) is None
    assert published("later", risk=0.35, as_of=AS_OF + week) == pytest.approx(0.05)
    assert published("latest", risk=0.2, as_of=AS_OF + 2 * week) == pytest.approx(-0.15)


@pytest.mark.slow
def test_who_comes_back_has_no_change_of_risk(engine, tmp_path):
    before = [card_row("other"), gone_row("back")]
    publish(write_release(tmp_path / "1", before), engine, keep=5)
    later = AS_OF + dt.timedelta(days=7)
    rows = [card_row("other", churn_risk=0.5), card_row("back")]
    publish(write_release(tmp_path / "2", rows, as_of=later), engine, keep=5)
    assert card_of(engine, "back").risk_change is None
    assert card_of(engine, "other").risk_change == pytest.approx(0.1)


def test_a_damaged_release_is_refused_and_nothing_is_written(engine, tmp_path):
    folder = small(tmp_path / "1")
    (folder / "cards.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(ArtifactError, match="was changed"):
        publish(folder, engine, keep=30)
    with pytest.raises(NoReleaseError):
        current(engine)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"churn_risk": 1.5}, "less than or equal to 1"),
        ({"risk_band": "huge"}, "risk_band"),
        ({"status": None}, "status"),
        ({"why": {"message_key": "why.no_such", "values": {}}}, "is no message"),
    ],
)
def test_a_card_that_breaks_the_schema_is_named(engine, tmp_path, changes, said):
    folder = write_release(tmp_path / "bad", [card_row("fine"), card_row("broken", **changes)])
    with pytest.raises(ArtifactError, match="customer 'broken'") as caught:
        publish(folder, engine, keep=30)
    assert said in str(caught.value)
    with pytest.raises(NoReleaseError):
        current(engine)


def test_fewer_cards_than_the_manifest_counts_are_not_published(engine, tmp_path):
    folder = write_release(tmp_path / "few", [card_row("1")], cards=2)
    with pytest.raises(ArtifactError, match="counts 2 cards"):
        publish(folder, engine, keep=30)
    with pytest.raises(NoReleaseError):
        current(engine)


def test_a_release_of_another_layout_is_refused(engine, tmp_path):
    folder = write_release(tmp_path / "old", [card_row("1")], schema_version=0)
    with pytest.raises(ArtifactError, match="schema_version 0"):
        publish(folder, engine, keep=30)


def test_nothing_published_is_no_release(engine):
    with pytest.raises(NoReleaseError, match="make run"):
        current(engine)


def test_publishing_into_a_file_that_is_no_database_leaves_nothing_beside_it(tmp_path, release):
    file = tmp_path / "notes.txt"
    file.write_text("this is no database, but long enough to be read as one " * 20)
    with pytest.raises(StoreError, match="not a database"):
        publish(release, open_store(f"sqlite:///{file}"), keep=30)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.slow
def test_info_is_read_as_it_was_written(engine, release):
    publish(release, engine, keep=30)
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    found = current(engine)
    assert found.as_of_date.isoformat() == manifest["as_of_date"]
    assert found.source == manifest["source"]["description"]
