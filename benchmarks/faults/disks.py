"""Disks that take nothing: filled to the last byte, or read-only, under a service that is asked."""

import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, text

from benchmarks.faults.service import BACK, Load, Request, ask, served, under
from serving.cards.query import AtRiskQuery
from serving.store.database import open_store
from serving.store.listing import at_risk
from serving.store.publishing import publish

SECONDS = 3.0  # of reads in each state of the disk
ROOM = "96m"  # of the disk; a store of the example takes a few megabytes


def refusing(folder: Path) -> Iterator[dict[str, Any]]:
    """A disk of its own, filled under a service and before one starts, and made read-only.

    A row for each. Needs the right to mount. Linux makes no disk read-only that is being written,
    so that a service which runs meanwhile cannot be tried.
    """
    with _disk() as disk:
        url = f"sqlite:///{disk}/store.sqlite3"
        engine = open_store(url)
        publish(folder, engine, 2)
        reads, write = questions(at_risk(engine, AtRiskQuery(limit=1)).cards[0]["customer_id"])
        engine.dispose()
        with served(url) as (_, address):
            with _full(disk):
                row = _asked("disk full", address, reads, write)
            yield row | {"seconds_until_writes": _until_written(address, write)}
        with _full(disk), served(url) as (_, address):
            yield _asked("started on a full disk", address, reads, write)
        _mount("-o", "remount,ro", disk)
        with served(url) as (_, address):
            yield _asked("started on a read-only disk", address, reads, write)


def made_read_only(url: str) -> dict[str, Any]:
    """PostgreSQL set to take no writes, as a standby is, under a service that is asked."""
    engine = open_store(url)
    reads, write = questions(at_risk(engine, AtRiskQuery(limit=1)).cards[0]["customer_id"])
    with served(url) as (_, address):
        _set_read_only(engine, True)
        row = _asked("database read-only", address, reads, write)
        _set_read_only(engine, False)
        row |= {"seconds_until_writes": _until_written(address, write)}
    return row | {"store": engine.dialect.name}


def _set_read_only(engine: Engine, on: bool) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        value = "on" if on else "off"
        connection.execute(text(f"ALTER SYSTEM SET default_transaction_read_only = {value}"))
        connection.execute(text("SELECT pg_reload_conf()"))


def questions(customer_id: str) -> tuple[list[Request], Request]:
    """One of each kind of read, and a write."""
    path = quote(customer_id, safe="")
    reads = [
        Request("GET", target)
        for target in (
            f"/v1/customers/{path}",
            f"/v1/customers/{path}/explain",
            "/v1/at-risk?limit=100",
            f"/v1/at-risk?q={path}",
            "/v1/releases/current",
            "/",
            f"/customers/{path}",
            "/ready",
        )
    ]
    looked_up = json.dumps({"customer_ids": [customer_id]}).encode()
    told = {
        "kind": "contact",
        "customer_id": customer_id,
        "contact_id": "faults",
        "event_time": "2018-01-03T00:00:00Z",
        "action_id": "check_in_email",
        "channel": "email",
    }
    write = Request("POST", "/v1/outcomes", json.dumps(told).encode())
    return [*reads, Request("POST", "/v1/scores:lookup", looked_up)], write


def _asked(
    what: str, address: tuple[str, int], reads: list[Request], write: Request
) -> dict[str, Any]:
    """Read for a while and write a few times; statuses of both."""
    writes = Counter[str]()
    with under(address, reads) as load:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            writes[ask(address, write, f"{what} {writes.total()}")] += 1
    return _row_of(what, load, writes)


def _row_of(what: str, load: Load, writes: Counter[str]) -> dict[str, Any]:
    return {
        "what": what,
        "store": "sqlite",
        "reads": dict(load.answers),
        "reads_failed": load.answers.total() - load.answers["200"],
        "writes": dict(writes),
        "writes_not_refused": writes.total() - writes["503"],
    }


def _until_written(address: tuple[str, int], write: Request) -> float:
    """Seconds until a write is taken again."""
    begun = time.monotonic()
    while ask(address, write, f"back {begun}") != "201":
        if time.monotonic() - begun > BACK:
            return float("inf")
        time.sleep(0.02)
    return round(time.monotonic() - begun, 2)


@contextmanager
def _disk() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="disk-") as folder:
        _mount("-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", folder)
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def _full(disk: str) -> Iterator[None]:
    """No byte is free on the disk, until the block ends."""
    ballast = Path(disk) / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            assert os.statvfs(disk).f_bavail == 0
    try:
        yield
    finally:
        ballast.unlink()


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
