"""Tries to make the API answer 5xx: schemathesis with all its checks, then hostile bodies.

`make fuzz` (CASES=10000): a real server on the small release of the tests, which keeps nothing that
is told. Prints what was asked of each operation and what came back, and writes
benchmarks/out/fuzz.json; ends with an error where anything was answered with a 5xx or broke its
promise in the document.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from benchmarks.environments import python_of
from serving.store.database import open_store
from serving.store.publishing import publish
from serving.store.reports import keep_report
from tests.serving.conftest import Running
from tests.serving.hostile import statuses
from tests.serving.releases import company, write_release
from tests.serving.test_monitor import monitor_report

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "benchmarks" / "fuzz.toml"
OUT = ROOT / "benchmarks" / "out" / "fuzz.json"
NO_MODELS = ("/v1/score", 503)  # the release of the tests has none: a true answer
RELEASE = "5f2b81c0d9ae"  # the release that the examples of the document name


class Counting:
    """Counts the statuses that an application answers with, by method and path."""

    def __init__(self, app: Any) -> None:
        self.app, self.statuses = app, Counter[int]()
        self.broken: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.statuses[message["status"]] += 1
                if message["status"] >= 500 and (scope["path"], message["status"]) != NO_MODELS:
                    self.broken.append(f"{scope['method']} {scope['path'][:200]!r}")
            await send(message)

        await self.app(scope, receive, counted if scope["type"] == "http" else send)


def main() -> None:
    """Run both, print the figures, and write them down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="requests of schemathesis, about")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, counted_service(Path(folder)) as (service, count):
        operations = _operations(service)
        failed = schemathesis(service, asked.cases, asked.seed, Path(folder))
        of_cases = Counter(count.statuses)
        bodies = list(statuses(service))
    _report(operations, of_cases, failed, bodies, count.broken)


@contextmanager
def counted_service(folder: Path) -> Iterator[tuple[Any, Counting]]:
    """A real server on the small release of the tests, and what it has answered."""
    engine = open_store(f"sqlite:///{folder}/store/regulars.sqlite3")
    release = write_release(folder / "release", company(), release_id=RELEASE)
    publish(release, engine, keep=2)
    keep_report(engine, RELEASE, monitor_report())
    running = Running(engine)
    counting = Counting(running.server.config.app)
    running.server.config.app = counting
    with running as service:
        yield service, counting
    engine.dispose()


def _operations(service: Any) -> int:
    """How many operations the document has."""
    paths = service.get("/openapi.json").json()["paths"]
    return sum(len(item) for item in paths.values())


def schemathesis(
    service: Any, cases: int, seed: int, folder: Path, phases: str = "examples,coverage,fuzzing"
) -> list[str]:
    """The failures that schemathesis found, in its own words.

    The same seed makes the same cases, on a machine of any speed.
    """
    command = [
        *(str(python_of("fuzz").with_name("schemathesis")), "--config-file", str(SETTINGS), "run"),
        *(f"{service.url}/openapi.json", "--checks", "all", "--phases", phases),
        *("--max-examples", str(max(1, cases // _operations(service))), "--seed", str(seed)),
        *("--generation-database", "none", "--suppress-health-check", "all"),
        *("--request-timeout", "60", "--no-color"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    print(done.stdout[-12_000:], done.stderr[-2_000:], sep="\n")
    found = re.findall(r"^- (ST\d+ .*)$", done.stdout, re.MULTILINE)
    return found or [f"schemathesis ended with {done.returncode}"]


def _report(
    operations: int, of_cases: Counter[int], failed: list[str], bodies: list[Any], broken: list[str]
) -> None:
    refused = Counter(status for _, _, status in bodies)
    rows = [
        {"case": "schemathesis", "requests": sum(of_cases.values()), **_by_hundred(of_cases)},
        {"case": "hostile bodies", "requests": len(bodies), **_by_hundred(refused)},
    ]
    print(f"{operations} operations")
    print(f"{'':15}{'requests':>10}{'2xx':>8}{'4xx':>8}{'5xx':>6}")
    for row in rows:
        print(f"{row['case']:15}{row['requests']:10,}{row['2xx']:8,}{row['4xx']:8,}{row['5xx']:6,}")
    for line in [*failed, *broken]:
        print(line)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    content = {"operations": operations, "rows": rows, "failed": failed, "broken": broken}
    OUT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if failed or broken or refused[200] or refused[201]:
        sys.exit(1)


def _by_hundred(found: Counter[int]) -> dict[str, int]:
    return {
        f"{first}xx": sum(n for status, n in found.items() if status // 100 == first)
        for first in (2, 3, 4, 5)
    }


if __name__ == "__main__":
    main()
