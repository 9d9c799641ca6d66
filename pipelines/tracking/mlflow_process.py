"""Runs whatever talks to MLflow in a process of its own, for a limited time.

MLflow may be locked, damaged, of another version, slow or far away. It is only a log of what was
done: a release neither waits for it nor fails with it. What could not be recorded is reported in a
sentence, and the next run records it.
"""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core.files import project_root

STORE_NAME, ARTIFACTS_NAME = "mlflow.db", "mlruns"
EXPERIMENT = "regulars"
SECONDS = 600.0  # a limit; recording a run takes less than a minute
LOCK_SECONDS = 5.0
# Where runs go, and how to get in. Without the first of them runs go into the project's own store.
ADDRESS = "MLFLOW_TRACKING_URI"
EXPERIMENT_NAME = "MLFLOW_EXPERIMENT_NAME"
WITH_ADDRESS = ("MLFLOW_REGISTRY_URI", EXPERIMENT_NAME)
# These would log into another run.
LEADING = (
    *WITH_ADDRESS,
    "MLFLOW_RUN_ID",
    "MLFLOW_PARENT_RUN_ID",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_RUN_CONTEXT",
    "MLFLOW_ACTIVE_MODEL_ID",
)
# Where MLflow asks anything over the network all the same, it gives up soon.
BOUNDED = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}

MOVE = "Move it away (mv {file} {file}.old): a new one is made"
CURES = (
    (
        r"locked",
        "{file} is locked",
        "End what else writes to it (`make ui`, another run)",
    ),
    (
        r"out-of-date database schema|locate revision",
        "{file} was written by another version of MLflow",
        "Bring it up to date (.venv/bin/mlflow db upgrade sqlite:///{file}) or, where a newer "
        "MLflow wrote it, move it away (mv {file} {file}.old)",
    ),
    (
        r"not a database|malformed|disk image|no such (table|column)",
        "{file} is damaged, or no store of MLflow",
        MOVE,
    ),
    (
        r"readonly|read-only|unable to open|[Pp]ermission denied",
        "MLflow's files may not be written",
        f"Give yourself the right to write {{file}} and {ARTIFACTS_NAME}",
    ),
    (r"[Nn]o space left|disk is full", "the disk is full", "Free some space"),
)


def own_address() -> str:
    """The address of another tracking store that the environment names; else empty.

    MLflow itself writes the address that it was given into the environment.
    """
    address = os.environ.get(ADDRESS, "")
    return "" if address == _project_address() else address


def store_file() -> Path:
    """The project's own store, also from a temporary folder in which DVC runs an experiment."""
    return project_root() / STORE_NAME


def tracking_uri() -> str:
    """Where runs are recorded: MLFLOW_TRACKING_URI or, without it, the project's own store."""
    return own_address() or _project_address()


def _project_address() -> str:
    return f"sqlite:///{store_file()}"


def is_there() -> bool:
    """Whether anything was recorded yet; another tracking store is asked to know."""
    return bool(own_address()) or store_file().exists()


def artifact_folder() -> str | None:
    """Where a new experiment keeps its files; None where another tracking store decides."""
    return None if own_address() else (project_root() / ARTIFACTS_NAME / EXPERIMENT).as_uri()


def experiment_name() -> str:
    """The experiment that runs belong to; another tracking store may serve several companies."""
    return (os.environ.get(EXPERIMENT_NAME) if own_address() else None) or EXPERIMENT


def told_store() -> str:
    """The store for people: as short as it can be named from here, and without a password."""
    if own_address():
        return re.sub(r"//[^/@]*@", "//", own_address())
    here = Path.cwd().resolve()
    return str(store_file().relative_to(here) if here == project_root() else store_file())


@dataclass(frozen=True)
class Attempt:
    """Whether it succeeded and what it printed; or why it failed, and what to do about it."""

    done: bool
    told: str


def attempt(module: str, *arguments: str) -> Attempt:
    """Run a module that imports MLflow; nothing that it does can end or hold up this process."""
    obstacle = "" if own_address() else _obstacle()
    if obstacle:
        return Attempt(False, _why(obstacle))
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Attempt(False, f"MLflow did not end within {SECONDS:g} s.")
    if done.returncode:
        return Attempt(False, _why(_last_error(done.stderr, done.returncode)))
    return Attempt(True, done.stdout.strip())


def set_aside() -> list[str]:
    """Names of the environment variables that would have led MLflow into another run or store."""
    return [name for name in LEADING if os.environ.get(name) and name not in _followed()]


def _followed() -> tuple[str, ...]:
    return (ADDRESS, *WITH_ADDRESS) if own_address() else ()


def _environment() -> dict[str, str]:
    """The environment without what is set for other uses of MLflow.

    Where MLFLOW_TRACKING_URI names a store, what it takes to reach that (a password, a certificate,
    a longer time) is kept.
    """
    left_out = {name for name in os.environ if name.startswith("MLFLOW_")}
    if own_address():
        left_out = set(LEADING) - set(_followed())
        return BOUNDED | {n: v for n, v in os.environ.items() if n not in left_out}
    return {n: v for n, v in os.environ.items() if n not in left_out} | BOUNDED


def _obstacle() -> str:
    """Why the store cannot be written to, found before MLflow tries for an hour; may be empty."""
    if not store_file().exists():
        return ""
    try:
        address = f"{store_file().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=LOCK_SECONDS)) as store:
            store.execute("BEGIN IMMEDIATE")
            tables = {name for (name,) in store.execute("SELECT name FROM sqlite_master")}
            store.rollback()
    except sqlite3.Error as error:
        return str(error)
    if tables and "alembic_version" not in tables:
        return "no such table: alembic_version"
    return ""


def _last_error(text: str, code: int) -> str:
    """The line of a traceback that says what went wrong."""
    lines = [line for line in text.splitlines() if re.match(r"[A-Za-z_][\w.]*: .", line)]
    return lines[-1] if lines else f"it ended with code {code}"


def _why(error: str) -> str:
    """A library's error in words: what is wrong and what to do."""
    if own_address():
        return (
            f"{told_store()} ({ADDRESS}) answered: {error[:300].rstrip('. ')}. Unset {ADDRESS} to "
            "record into the project's own store."
        )
    for pattern, what, cure in CURES:
        if re.search(pattern, error):
            return f"{what}. {cure}.".format(file=told_store())
    return f"{error[:300].rstrip('. ')}."
