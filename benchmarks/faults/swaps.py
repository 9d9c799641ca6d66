"""Releases published one after the other while whole answers are read: each is of one release."""

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.faults.made import NAMES, sealed
from benchmarks.faults.service import Request, answer_of, served
from serving.cards.query import LARGEST_PAGE, AtRiskQuery
from serving.store.database import open_store
from serving.store.listing import at_risk
from serving.store.publishing import publish

KEPT = 30
LOOKED_UP = 10_000
HISTORIES = 20


def swapped(url: str, folders: tuple[Path, Path], publishes: int) -> dict[str, Any]:
    """Publish so many releases while customers are looked up, exported and scored.

    Each answer has to be there, and all its cards have to be of the release that it names.
    """
    engine = open_store(url)
    publish(folders[0], engine, KEPT)
    known = at_risk(engine, AtRiskQuery(limit=LARGEST_PAGE)).cards
    ids = [card["customer_id"] for card in known]
    ids += [f"nobody {number}" for number in range(LOOKED_UP - len(ids))]
    found, releases, stop = Counter[str](), set[str](), threading.Event()
    with served(url) as (_, address):
        callers = [
            threading.Thread(target=_call, args=(address, kind, ids, stop, found, releases))
            for kind in (_look_up, _export, _score)
        ]
        for caller in callers:
            caller.start()
        for number in range(publishes):
            folder = folders[1 - number % 2]
            (folder / "reports" / "turn.txt").write_text(f"swap {number}\n", encoding="utf-8")
            sealed(folder)
            publish(folder, engine, KEPT)
        stop.set()
        for caller in callers:
            caller.join()
    engine.dispose()
    return {
        "what": "releases swapped",
        "store": engine.dialect.name,
        "publishes": publishes,
        "answers": {name: found[name] for name in ("look-ups", "exports", "scores")},
        "releases_read": len(releases),
        "mixed": found["mixed"],
        "dropped": found["dropped"],
        "which": {name: n for name, n in found.items() if name.startswith("other: ")},
    }


def _call(address: Any, kind: Any, ids: list[str], stop: threading.Event, *found: Any) -> None:
    while not stop.is_set():
        kind(address, ids, *found)


def _look_up(address: Any, ids: list[str], found: Counter[str], releases: set[str]) -> None:
    body = json.dumps({"customer_ids": ids, "fields": ["owner"]}).encode()
    status, content = answer_of(address, Request("POST", "/v1/scores:lookup", body))
    if not _is_there(status, "look-ups", found):
        return
    told = json.loads(content)
    cards = [row["card"] for row in told["customers"] if row["card"] is not None]
    releases.add(told["release_id"])
    found["mixed"] += not _is_one(cards)


def _export(address: Any, _: list[str], found: Counter[str], releases: set[str]) -> None:
    status, content = answer_of(address, Request("GET", "/v1/releases/current"))
    if status != "200":
        found["dropped"] += 1
        return
    release = json.loads(content)
    target = f"/v1/releases/{release['release_id']}/scores"
    status, content = answer_of(address, Request("GET", target))
    if not _is_there(status, "exports", found):
        return
    cards = [json.loads(line) for line in content.splitlines()]
    releases.add(release["release_id"])
    is_whole = len(cards) == sum(release["customers"].values())
    is_its = {card["release_id"] for card in cards} == {release["release_id"]}
    found["mixed"] += not (is_whole and is_its and _is_one(cards))


def _score(address: Any, _: list[str], found: Counter[str], releases: set[str]) -> None:
    days = ("2017-10-02", "2017-10-30", "2017-11-20")
    orders = [{"order_id": day, "event_time": f"{day}T10:00:00Z", "amount": 12.5} for day in days]
    customers = [{"customer_id": f"c{n}", "orders": orders} for n in range(HISTORIES)]
    body = json.dumps({"customers": customers, "reasons": False}).encode()
    status, content = answer_of(address, Request("POST", "/v1/score", body))
    if not _is_there(status, "scores", found):
        return
    told = json.loads(content)
    releases.add(told["release_id"])
    versions = {row["card"]["release_id"] for row in told["customers"] if row["card"]}
    found["mixed"] += versions != {told["release_id"]}


def _is_there(status: str, kind: str, found: Counter[str]) -> bool:
    found[kind] += 1
    if status == "200":
        return True
    found["dropped"] += 1
    found[f"other: {kind} {status}"] += 1
    return False


def _is_one(cards: list[dict[str, Any]]) -> bool:
    """Whether all cards are of one of the two releases: each names its own as its owner."""
    owners = {card["owner"] for card in cards}
    return len(owners) == 1 and owners <= set(NAMES)
