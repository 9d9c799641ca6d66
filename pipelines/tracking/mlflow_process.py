"""Runs whatever talks to MLflow in a process of its own, for a limited time.

MLflow may be locked, damaged, of another version, slow, or redirected by the environment. It is
only a log of what was done: a release neither waits for it nor fails with it. What could not be
recorded is reported in a sentence, and the next run records it.
"""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

STORE_FILE = Path("mlflow.db")
SECONDS = 600.0  # a limit; recording a run takes less than a minute
LOCK_SECONDS = 5.0
# The project's own store is local. These variables would redirect MLflow, or log into another run.
LEADING = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_REGISTRY_URI",
    "MLFLOW_RUN_ID",
    "MLFLOW_PARENT_RUN_ID",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_RUN_CONTEXT",
    "MLFLOW_ACTIVE_MODEL_ID",
)
# Where MLflow asks anything over the network all the same, it gives up soon.
BOUNDED = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}

MOVE = f"Move it away (mv {STORE_FILE} {STORE_FILE}.old): a new one is made"
CURES = (
    (
        r"locked",
        f"{STORE_FILE} is locked",
        "End what else writes to it (`make ui`, another run)",
    ),
    (
        r"out-of-date database schema|locate revision",
        f"{STORE_FILE} was written by another version of MLflow",
        f"Bring it up to date (.venv/bin/mlflow db upgrade sqlite:///{STORE_FILE}) or, where a "
        f"newer MLflow wrote it, move it away (mv {STORE_FILE} {STORE_FILE}.old)",
    ),
    (
        r"not a database|malformed|disk image|no such (table|column)",
        f"{STORE_FILE} is damaged, or no store of MLflow",
        MOVE,
    ),
    (
        r"readonly|read-only|unable to open|[Pp]ermission denied",
        "MLflow's files may not be written",
        f"Give yourself the right to write {STORE_FILE} and mlruns",
    ),
    (r"[Nn]o space left|disk is full", "the disk is full", "Free some space"),
)


@dataclass(frozen=True)
class Attempt:
    """Whether it succeeded and what it printed; or why it failed, and what to do about it."""

    done: bool
    told: str


def attempt(module: str, *arguments: str) -> Attempt:
    """Run a module that imports MLflow; nothing that it does can end or hold up this process."""
    obstacle = _obstacle()
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
    """Names of the environment variables that would have redirected MLflow."""
    return [name for name in LEADING if os.environ.get(name)]


def _environment() -> dict[str, str]:
    """The environment without what is set for other uses of MLflow."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return kept | BOUNDED


def _obstacle() -> str:
    """Why the store cannot be written to, found before MLflow tries for an hour; may be empty."""
    if not STORE_FILE.exists():
        return ""
    try:
        address = f"{STORE_FILE.absolute().as_uri()}?mode=rw"
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
    for pattern, what, cure in CURES:
        if re.search(pattern, error):
            return f"{what}. {cure}."
    return f"{error[:300].rstrip('. ')}."
