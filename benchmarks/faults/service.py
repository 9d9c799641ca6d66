"""The service itself under load: its database restarted, and the service told to end."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from benchmarks.faults.made import ROOT

CALLERS = 8
AFTER = 6.0  # seconds of load after the fault
BEFORE = 1.0
UP, BACK = 60.0, 30.0  # seconds: within which it must have started; how long is waited
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Request:
    """What is asked; a body is JSON."""

    method: str
    target: str
    body: bytes | None = None


CURRENT = Request("GET", "/v1/releases/current")


@dataclass
class Load:
    """Answers by status; `down` is from the first answer that is no 200 to the next that is."""

    address: tuple[str, int]
    requests: Sequence[Request] = (CURRENT,)
    stop: threading.Event = field(default_factory=threading.Event)
    answers: Counter[str] = field(default_factory=Counter)
    failed_at: list[float] = field(default_factory=list)
    fine_at: list[float] = field(default_factory=list)

    def call(self) -> None:
        """Ask in turn on a kept connection until told to stop; on a new one after a failure."""
        asked = cycle(self.requests)
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        while not self.stop.is_set():
            sent = False
            try:
                connection.connect() if connection.sock is None else None
                sent = True
                one = next(asked)
                connection.request(one.method, one.target, one.body, JSON if one.body else {})
                answer = connection.getresponse()
                answer.read()
                status = str(answer.status)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                # Nobody to connect to: the service is not there, and nothing was dropped.
                status = f"dropped: {type(error).__name__}" if sent else "not there"
                time.sleep(0.01)
            self.answers[status] += 1
            (self.fine_at if status == "200" else self.failed_at).append(time.monotonic())

    @property
    def seconds_down(self) -> float:
        """From the first failure to the first good answer after the last one."""
        if not self.failed_at:
            return 0.0
        after = [moment for moment in self.fine_at if moment > self.failed_at[-1]]
        return (after[0] if after else float("inf")) - self.failed_at[0]


@contextmanager
def served(url: str) -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, int]]]:
    """A service of its own process on a free port, over this store."""
    environment = {**os.environ, "REGULARS_STORE_URL": url, "REGULARS_PORT": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "serving.cli", "serve"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            port = int(line.split("http://127.0.0.1:")[1].split()[0])
            threading.Thread(target=process.stdout.read, daemon=True).start()
            address = ("127.0.0.1", port)
            _wait(address)
            yield process, address
        finally:
            if process.poll() is None:
                process.kill()


def restarted(url: str, restart: Callable[[], None]) -> dict[str, Any]:
    """Restart the database while it is asked: only 503 meanwhile, and soon back."""
    with served(url) as (_, address), under(address) as load:
        time.sleep(BEFORE)
        restart()
        time.sleep(AFTER)
    return {
        "what": "database restarted",
        "store": "postgresql",
        "answers": dict(load.answers),
        "seconds_until_back": round(load.seconds_down, 2),
    }


def ended(url: str, store: str) -> dict[str, Any]:
    """SIGTERM under load: whoever was connected and asked gets an answer."""
    with served(url) as (process, address), under(address) as load:
        time.sleep(BEFORE)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=BACK)
        time.sleep(0.2)
    dropped = sum(n for name, n in load.answers.items() if name.startswith("dropped"))
    return {
        "what": "SIGTERM",
        "store": store,
        "answers": dict(load.answers),
        "dropped": dropped,
        "exit": process.returncode,
    }


def answer_of(
    address: tuple[str, int], request: Request, headers: Mapping[str, str] | None = None
) -> tuple[str, bytes]:
    """Status and body of one request on a connection of its own; `dropped` where none came."""
    connection = http.client.HTTPConnection(*address, timeout=120)
    try:
        sent = {**(JSON if request.body else {}), **(headers or {})}
        connection.request(request.method, request.target, request.body, sent)
        answer = connection.getresponse()
        return str(answer.status), answer.read()
    except (OSError, http.client.HTTPException) as error:
        return f"dropped: {type(error).__name__}", b""
    finally:
        connection.close()


def ask(address: tuple[str, int], request: Request, key: str) -> str:
    """The status of one write, under an idempotency key."""
    return answer_of(address, request, {"Idempotency-Key": key})[0]


@contextmanager
def under(address: tuple[str, int], requests: Sequence[Request] = (CURRENT,)) -> Iterator[Load]:
    """A load of CALLERS callers for as long as the block runs."""
    load = Load(address, requests)
    callers = [threading.Thread(target=load.call) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield load
    finally:
        load.stop.set()
        for caller in callers:
            caller.join()


def _wait(address: tuple[str, int]) -> None:
    until = time.monotonic() + UP
    while time.monotonic() < until:
        connection = http.client.HTTPConnection(*address, timeout=5)
        try:
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise TimeoutError("the service did not start")
