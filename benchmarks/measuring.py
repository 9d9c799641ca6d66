"""Runs a module in a process of its own: seconds, peak memory of it and its children, or a reason.

This module imports little: what a process holds when it starts another counts as the other's.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "benchmarks" / "data"
MB = 1024 * 1024
LEFT_FREE = 400 * MB  # with less available memory a run is ended, before the machine stalls
EVERY = 0.05  # seconds between two looks at the memory


class NotPossibleError(Exception):
    """A run that could not be made; the text is the reason."""


@dataclass
class Watch:
    """The most memory that a process and its descendants held together, sampled at intervals."""

    pid: int
    peak: int = 0
    ended: bool = False

    def look(self, done: threading.Event) -> None:
        """Sample until the run is done; end it where memory runs out."""
        while not done.wait(EVERY):
            family = _family(self.pid)
            self.peak = max(self.peak, sum(map(_resident, family)))
            if psutil.virtual_memory().available < LEFT_FREE:
                self.ended = True
                for process in reversed(family):
                    _end(process)


def machine() -> dict[str, Any]:
    """What figures were measured on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1024**3, 1),
        "python": platform.python_version(),
    }


def worker(
    module: str, *arguments: str, python: str = sys.executable, here: Path | None = None
) -> dict[str, Any]:
    """Run a module that prints JSON on its last line; the figures, with `peak_mb`.

    It runs in the folder `here`, or in an empty one of its own: an engine that is short of memory
    may leave files where it stands.
    Raises NotPossibleError with the reason where it fails.
    """
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as empty, tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [python, "-m", module, *arguments],
            cwd=here or empty,
            env={**os.environ, "PYTHONPATH": _path()},
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        watch, done = Watch(process.pid), threading.Event()
        looking = threading.Thread(target=watch.look, args=(done,))
        looking.start()
        printed = ""
        if process.stdout:
            with process.stdout:
                printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        looking.join()
        said.seek(0)
        if watch.ended or process.returncode == -9:
            raise NotPossibleError("out of memory")
        if process.returncode:
            raise NotPossibleError(_reason(said.read(), empty))
    figures: dict[str, Any] = json.loads(printed.splitlines()[-1])
    if "missing" in figures:
        raise NotPossibleError(f"{figures['missing']} is not there")
    figures["peak_mb"] = round(max(watch.peak / MB, usage.ru_maxrss / 1024))
    return figures


def _path() -> str:
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _end(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()


def _reason(text: str, here: str) -> str:
    """The last line of a failed process that is not part of a traceback, without paths."""
    lines = [line for line in text.splitlines() if line[:1].strip()] or ["it failed"]
    if any("Out of Memory" in line or "MemoryError" in line for line in lines[-5:]):
        return "out of memory"
    return lines[-1].replace(here, "").replace(str(ROOT), "")[:200]
