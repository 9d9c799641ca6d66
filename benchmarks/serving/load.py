"""The load: requests over raw sockets, as fast as they are answered or at a given rate."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONNECTIONS = 8


@dataclass(frozen=True)
class Measured:
    """Requests in a second, and milliseconds from the request to the end of its answer."""

    per_second: float
    milliseconds: np.ndarray

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share of the requests was answered."""
        return float(np.quantile(self.milliseconds, share))


class Client:
    """One connection, kept or made anew for each request."""

    def __init__(self, port: int, keep: bool = True) -> None:
        self.port, self.keep = port, keep
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer. Raises RuntimeError for any status but 200."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:16]:
            raise RuntimeError(head.splitlines()[0].decode())
        body = await _body(reader, head.lower())
        if not self.keep:
            self.close()
        return body

    def close(self) -> None:
        """Close the connection."""
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if b"content-length: " in head:
        return await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r")[0]))
    parts = []
    while size := int(await reader.readline(), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


def get(target: str) -> bytes:
    """A request by GET."""
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(target: str, body: bytes) -> bytes:
    """A request by POST with a body of JSON."""
    head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def closed_loop(
    port: int, requests: Sequence[bytes], seconds: float, connections: int, keep: bool = True
) -> Measured:
    """Each connection asks again as soon as it is answered."""
    taken: list[float] = []
    order = itertools.cycle(requests)
    begun = time.perf_counter()

    async def ask_on() -> None:
        client = Client(port, keep)
        while time.perf_counter() - begun < seconds:
            asked = time.perf_counter()
            await client.ask(next(order))
            taken.append((time.perf_counter() - asked) * 1000)
        client.close()

    await asyncio.gather(*(ask_on() for _ in range(connections)))
    return Measured(len(taken) / (time.perf_counter() - begun), np.array(taken))


async def open_loop(port: int, requests: Sequence[bytes], seconds: float, rate: float) -> Measured:
    """Requests come at random moments, whether or not those before are answered.

    A request waits for a free connection within the time that is measured.
    """
    gaps = np.random.default_rng(2).exponential(1 / rate, max(int(rate * seconds), 20))
    free: asyncio.Queue[Client] = asyncio.Queue()
    for _ in range(4 * CONNECTIONS):
        free.put_nowait(Client(port))
    taken: list[float] = []
    begun = time.perf_counter()

    async def ask(at: float, request: bytes) -> None:
        client = await free.get()
        await client.ask(request)
        free.put_nowait(client)
        taken.append((time.perf_counter() - begun - at) * 1000)

    async with asyncio.TaskGroup() as group:
        for at, request in zip(np.cumsum(gaps), itertools.cycle(requests), strict=False):
            await asyncio.sleep(max(0.0, at - (time.perf_counter() - begun)))
            group.create_task(ask(float(at), request))
    spent = time.perf_counter() - begun
    while not free.empty():
        free.get_nowait().close()
    return Measured(len(taken) / spent, np.array(taken))


def measured(port: int, requests: Sequence[bytes], seconds: float, keep: bool) -> dict[str, float]:
    """Throughput of a few connections, the median of one alone, the tail at half the throughput."""

    async def run() -> dict[str, float]:
        await closed_loop(port, requests, seconds / 4, 1, keep)  # warm
        alone = await closed_loop(port, requests, seconds, 1, keep)
        full = await closed_loop(port, requests, seconds, CONNECTIONS, keep)
        tail = await open_loop(port, requests, seconds, full.per_second / 2)
        return {
            "requests_per_second": round(full.per_second, 1),
            "p50_ms": round(alone.quantile(0.5), 2),
            "p99_ms": round(tail.quantile(0.99), 2),
        }

    return asyncio.run(run())


def first_body(port: int, request: bytes) -> bytes:
    """The body of one answer."""

    async def run() -> bytes:
        client = Client(port)
        try:
            return await client.ask(request)
        finally:
            client.close()

    return asyncio.run(run())
