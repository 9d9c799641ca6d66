"""A Python that has everything of others imported already: `python -m MODULE` in a fork of it.

A whole run is fifteen processes, each of which imports pandas, LightGBM, MLflow or DVC anew: more
than half of the processor's time that a small company takes. Here these are imported once for
each worker of the tests; what asks for a Python then gets a fork of that process, with its own
folder, environment, arguments and files. Our own code is imported by each fork, from the folder in
which it runs, as always.

    with warm_python() as python:  # the path of a program that takes Python's place
        subprocess.run([python, "-m", "pipelines.run"])

Runs that ask what a process itself does (the first whole run, signals, other settings of the
processor) use the true Python.
"""

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

# Not DuckDB, and not MLflow for Polars in it: they start threads, which a fork is without.
IMPORTED = (
    "alembic.command",
    "dvc.cli",
    "dvc.commands.data_sync",
    "dvc.commands.repro",
    "dvc.commands.status",
    "dvc.repo",
    "dvc.repo.reproduce",
    "dvc.stage.run",
    "dvc_data.index",
    "ibis",
    "jinja2",
    "lightgbm",
    "matplotlib.figure",
    "pandas",
    "pandera.pandas",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pydantic",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.isotonic",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "sqlglot",
    "yaml",
)
# Started for each call, so with as little as it can: it hands over and waits.
CLIENT = """
import array, json, os, socket, sys
asked = {"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}
with socket.socket(socket.AF_UNIX) as there:
    there.connect(%(address)r)
    text = json.dumps(asked).encode()
    files = array.array("i", [0, 1, 2])
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)]
    there.sendmsg([len(text).to_bytes(4, "big")], ancillary)
    there.sendall(text)
    code = there.recv(4)
os._exit(int.from_bytes(code, "big") if len(code) == 4 else 70)
"""


@contextlib.contextmanager
def warm_python() -> Iterator[Path]:
    """The path of a program that takes Python's place, for as long as this lasts."""
    # The name of a socket is a hundred characters at most, so not below pytest's own folder.
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        yield from _started(Path(folder))


def _started(folder: Path) -> Iterator[Path]:
    address, program = folder / "socket", folder / "python"
    (folder / "client.py").write_text(CLIENT % {"address": str(address)}, encoding="utf-8")
    quoted = [f"'{part}'" for part in (sys.executable, folder / "client.py")]
    program.write_text(f'#!/bin/sh\nexec {quoted[0]} -IS {quoted[1]} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    command = [sys.executable, __file__, str(address), str(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout.read(5) == b"ready", "the warm Python did not start"
            yield program
        finally:
            server.terminate()


def serve(address: str, program: str) -> None:
    """Fork for each caller; a fork dies with its caller, a caller learns how its fork ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in IMPORTED:
            importlib.import_module(name)
    gc.freeze()
    callers: dict[int, socket.socket] = {}
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with socket.socket(socket.AF_UNIX) as here, selectors.DefaultSelector() as waiting:
        here.bind(address)
        here.listen()
        waiting.register(here, selectors.EVENT_READ)
        waiting.register(woken, selectors.EVENT_READ)
        os.write(1, b"ready")
        while True:
            for key, _ in waiting.select():
                if key.fileobj is here:
                    caller, _ = here.accept()
                    asked, files = _asked(caller)
                    process = os.fork()
                    if not process:
                        for other in (here, woken, wakes, caller, *callers.values()):
                            other.close()
                        waiting.close()
                        _become(asked, files, program)
                    for file in files:
                        os.close(file)
                    callers[process] = caller
                    waiting.register(caller, selectors.EVENT_READ, process)
                elif key.fileobj is woken:
                    woken.recv(4096)
                    _tell_who_ended(callers, waiting)
                elif key.data in callers:  # the caller is gone
                    os.kill(key.data, signal.SIGKILL)
                    waiting.unregister(key.fileobj)


def _asked(caller: socket.socket) -> tuple[dict, list[int]]:
    files = array.array("i")
    length, ancillary, *_ = caller.recvmsg(4, socket.CMSG_LEN(3 * files.itemsize))
    for _, _, sent in ancillary:
        files.frombytes(sent)
    left, text = int.from_bytes(length, "big"), b""
    while len(text) < left:
        text += caller.recv(left - len(text))
    return json.loads(text), list(files)


def _tell_who_ended(callers: dict[int, socket.socket], waiting: selectors.BaseSelector) -> None:
    while callers:
        process, status = os.waitpid(-1, os.WNOHANG)
        if not process:
            return
        caller = callers.pop(process)
        with contextlib.suppress(KeyError):
            waiting.unregister(caller)
        code = os.waitstatus_to_exitcode(status)
        with caller, contextlib.suppress(OSError):  # the caller may be gone
            caller.sendall((code if code >= 0 else 128 - code).to_bytes(4, "big"))


def _become(asked: dict, files: list[int], program: str) -> None:
    """Be the process that was asked for; never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.executable = program  # what this starts is warm too
        sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
        how, what, *rest = asked["arguments"]
        sys.argv = [how, *rest]
        sys.path[0] = asked["folder"]
        code = _run(how, what)
    except BaseException:  # noqa: BLE001 - as an interpreter ends: told, and with a code
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(code)


def _run(how: str, what: str) -> int:
    try:
        if how == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            assert how == "-c", f"a warm Python takes -m and -c, not {how}"
            sys.modules["__main__"] = types.ModuleType("__main__")
            exec(compile(what, "<string>", "exec"), vars(sys.modules["__main__"]))
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return end.code or 0
    finally:
        atexit._run_exitfuncs()
    return 0


if __name__ == "__main__":
    serve(*sys.argv[1:])
