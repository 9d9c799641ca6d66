"""How long the health check takes while others ask for more than there is."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import numpy as np
import psutil

from benchmarks.serving.load import Client, get

HEALTH = get("/health")
SECONDS = 8.0


def searches(port: int, stop: threading.Event) -> None:
    """40 searches at a time, each begun again as soon as it is answered or refused."""

    async def again() -> None:
        client = Client(port)
        while not stop.is_set():
            with suppress(RuntimeError, ConnectionError, asyncio.IncompleteReadError):
                await client.ask(get("/v1/at-risk?q=77&limit=100"))
                continue
            client.close()
            await asyncio.sleep(0.01)

    async def run() -> None:
        await asyncio.gather(*(again() for _ in range(40)))

    asyncio.run(run())


def half_open(port: int, stop: threading.Event) -> None:
    """1,020 connections with half a request each, held for as long as they are let."""
    with ExitStack() as held:
        for _ in range(1020):
            one = held.enter_context(socket.create_connection(("127.0.0.1", port)))
            with suppress(ConnectionError):
                one.sendall(HEALTH[:20])
        stop.wait()


def unread(port: int, stop: threading.Event) -> None:
    """45 downloads of everything that nobody reads."""
    with ExitStack() as held:
        for _ in range(45):
            one = held.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", port))
            one.sendall(get("/v1/at-risk/export?format=csv"))
        stop.wait()


ATTACKS: dict[str, Callable[[int, threading.Event], None]] = {
    "40 searches": searches,
    "1,020 half-open connections": half_open,
    "45 unread downloads": unread,
}


def health_under(attack: str, port: int, pid: int) -> dict[str, float]:
    """Milliseconds of the health check, each on a new connection, and the server's memory."""
    stop = threading.Event()
    attacking = threading.Thread(target=ATTACKS[attack], args=(port, stop))
    attacking.start()
    taken, peak, begun = [], 0, time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        asked = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
            one.sendall(HEALTH)
            while not one.recv(4096).endswith(b"}"):
                pass
        taken.append((time.perf_counter() - asked) * 1000)
        peak = max(peak, psutil.Process(pid).memory_info().rss)
        time.sleep(0.05)
    stop.set()
    attacking.join()
    return {
        "p50_ms": round(float(np.median(taken)), 2),
        "p99_ms": round(float(np.quantile(taken, 0.99)), 2),
        "max_ms": round(max(taken), 2),
        "peak_mb": round(peak / 1e6),
    }
