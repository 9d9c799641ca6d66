"""What is killed in a store: who publishes, tells outcomes or notes; and what stands there then."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from benchmarks.faults.killing import BEGUN, DONE, Killed, killed, lived
from benchmarks.faults.made import NAMES, RELEASE, sealed
from core.errors import AuditError, NoReleaseError
from core.files import MANIFEST, read_json
from serving.cards.query import LARGEST_PAGE, AtRiskQuery
from serving.people.audit import note, verify
from serving.store.database import open_store, writing
from serving.store.listing import at_risk
from serving.store.people_tables import audit_log
from serving.store.publishing import publish
from serving.store.reading import current
from serving.work.kinds import Contact
from serving.work.outcomes import read_told, tell

KEPT = 2
# How long publishing takes changes with what else the machine does: it is taken for shorter after a
# kill that came too late, and for a little longer after one that did not.
SHORTER, LONGER = 0.9, 1.02
MOST_WRITES = 10_000
WRITES_SECONDS = 0.4  # within which one who writes outcomes is killed


def publishes(
    url: str, folders: tuple[Path, Path], kills: int, draw: random.Random
) -> dict[str, Any]:
    """Kill a publisher again and again; after each kill everything is read."""
    engine = open_store(url)
    publish(folders[0], engine, KEPT)
    cards = current(engine).customers["scored"]
    takes, found = lived(_publisher(url, folders[1])), Counter[str]()
    for number in range(kills):
        folder = folders[number % 2]
        # Never seen before: what is kept already would only be pointed at.
        (folder / "reports" / "turn.txt").write_text(f"{number}\n", encoding="utf-8")
        sealed(folder)
        one = killed(_publisher(url, folder), takes, draw)
        takes *= LONGER if one.inside else SHORTER
        _count(found, one)
        found[_state(engine, cards)] += 1
    publish(folders[0], engine, KEPT)  # what lies there unfinished does not hinder the next one
    found[_state(engine, cards)] += 0
    return _told("publish", engine, found, {"torn_or_mixed": found["torn"] + found["mixed"]})


def writes(url: str, kills: int, draw: random.Random) -> dict[str, Any]:
    """Kill one who writes outcomes; every write that was acknowledged has to be there."""
    engine = open_store(url)
    customer = at_risk(engine, AtRiskQuery(limit=1)).cards[0]["customer_id"]
    acknowledged: set[str] = set()
    found = Counter[str]()
    for number in range(kills):
        one = killed(_writer(url, customer, number), WRITES_SECONDS, draw)
        _count(found, one)
        acknowledged |= {text for text in one.told.decode().split("\n") if text}
    source = read_json(RELEASE / MANIFEST)["source"]
    told = read_told(engine, source)
    there = Counter(row["contact_id"] for rows in told.rows.values() for row in rows)
    lost = acknowledged - set(there)
    twice = sum(count > 1 for count in there.values())
    figures = {"acknowledged": len(acknowledged), "lost": len(lost), "twice": twice}
    return _told("outcomes", engine, found, figures)


def audits(url: str, kills: int, draw: random.Random) -> dict[str, Any]:
    """Kill one who writes into the audit log; its chain has to be whole, with every entry told."""
    engine = open_store(url)
    acknowledged: set[str] = set()
    found = Counter[str]()
    for number in range(kills):
        one = killed(_auditor(url, number), WRITES_SECONDS, draw)
        _count(found, one)
        acknowledged |= {text for text in one.told.decode().split("\n") if text}
        try:
            verify(engine)
        except AuditError:
            found["torn"] += 1
    with engine.connect() as connection:
        there = Counter(connection.scalars(select(audit_log.c.about)))
    figures = {
        "acknowledged": len(acknowledged),
        "torn_or_mixed": found["torn"],
        "lost": len(acknowledged - set(there)),
        "twice": sum(there[name] > 1 for name in acknowledged),
    }
    return _told("audit log", engine, found, figures)


def _publisher(url: str, folder: Path) -> Callable[[Callable[[bytes], None]], None]:
    def work(say: Callable[[bytes], None]) -> None:
        engine = open_store(url)
        say(BEGUN)
        publish(folder, engine, KEPT)
        say(DONE)

    return work


def _writer(url: str, customer: str, number: int) -> Callable[[Callable[[bytes], None]], None]:
    def work(say: Callable[[bytes], None]) -> None:
        engine = open_store(url)
        say(BEGUN)
        for write in range(MOST_WRITES):
            name = f"{number}-{write}"
            told = Contact(
                kind="contact",
                customer_id=customer,
                contact_id=name,
                event_time=dt.datetime(2018, 1, 3, tzinfo=dt.UTC),
                action_id="check_in_email",
                channel="email",
            )
            tell(engine, [told], key=name, caller="faults")
            say(f"{name}\n".encode())
        say(DONE)

    return work


def _auditor(url: str, number: int) -> Callable[[Callable[[bytes], None]], None]:
    def work(say: Callable[[bytes], None]) -> None:
        engine = open_store(url)
        say(BEGUN)
        for write in range(MOST_WRITES):
            name = f"{number}-{write}"
            with writing(engine) as connection:
                note(connection, "faults", "tried", name)
            say(f"{name}\n".encode())
        say(DONE)

    return work


def _count(found: Counter[str], one: Killed) -> None:
    found["kills"] += 1
    found["inside"] += one.inside and one.was_killed


def _state(engine: Engine, cards: int) -> str:
    """`whole`, or what is wrong with the release that readers see; all of it is read."""
    try:
        release = current(engine)
    except NoReleaseError:
        return "torn"
    query, owners, read = AtRiskQuery(limit=LARGEST_PAGE), set(), 0
    while True:
        page = at_risk(engine, query)
        owners |= {(card["owner"], card["release_id"]) for card in page.cards}
        read += len(page.cards)
        if page.next_cursor is None:
            break
        query = query.model_copy(update={"cursor": page.next_cursor})
    if read != cards:
        return "torn"
    is_one = len(owners) == 1 and next(iter(owners))[0] in NAMES
    return "whole" if is_one and {release.release_id} == {one for _, one in owners} else "mixed"


def _told(
    what: str, engine: Engine, found: Counter[str], further: dict[str, Any]
) -> dict[str, Any]:
    return {
        "what": what,
        "store": engine.dialect.name,
        "kills": found["kills"],
        "inside_a_write": round(found["inside"] / found["kills"], 3),
        **further,
    }
