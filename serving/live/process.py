"""The models that answer in this process: verified, tried in a child process, then swapped in.

Where the current release is another than that of the models, they are fetched from the store into a
folder of this process, compared with their sha256, tried, and only then loaded. Until that is done,
and where it fails, the models that are loaded go on answering; a card says whose they are. What was
refused is tried again later: the store may not have answered, or the disk have been full.
"""

import logging
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from core.errors import ArtifactError, NoReleaseError, RegularsError
from core.files import sha256_of
from serving.store.database import unreachable, version
from serving.store.errors import NoModelsError
from serving.store.live_files import fetch, kept_files
from serving.store.published import NOTHING, find_release

if TYPE_CHECKING:
    from serving.live.scoring import LiveScorer

SECONDS = 120  # within which the trial has to end
AGAIN = 60.0  # seconds after which models that were refused are tried again
log = logging.getLogger("uvicorn.error")


@dataclass(frozen=True)
class Wanted:
    """A release, and the sha256 of its files by path."""

    release_id: str
    files: Mapping[str, str]


class LiveModels:
    """The models of the current release, for all requests of this process."""

    def __init__(self, engine: Engine, tried: "Callable[[Path], None] | None" = None) -> None:
        self._engine, self._try = engine, tried or try_models
        self._changed = Condition()
        self._scorer: LiveScorer | None = None
        self._loading: str | None = None  # the release whose models are being loaded
        # A release, why its models do not answer, and until when they are not tried again.
        self._refused: tuple[str, str, float] | None = None

    def scorer(self) -> "LiveScorer":
        """The models that answer now: all of a request is scored by these.

        The first request waits until models are loaded. Raises NoModelsError where there are none,
        NoReleaseError before the first release, and StoreError where nothing is loaded and the
        store does not answer.
        """
        try:
            wanted = self._wanted()
        except DBAPIError as error:
            if self._scorer is not None:  # they were verified: the answer is not wrong, only older
                return self._scorer
            raise unreachable(self._engine, error) from None
        with self._changed:
            if self._is_new(wanted):
                self._loading = wanted.release_id
                Thread(target=self._load, args=(wanted,), daemon=True).start()
            if self._scorer is None:
                self._changed.wait_for(lambda: self._scorer is not None or self._loading is None)
            if self._scorer is None:
                why = self._refused[1] if self._refused else "they are not loaded"
                raise NoModelsError(f"No models answer here: {why}")
            return self._scorer

    def settled(self) -> None:
        """Wait until no models are being loaded."""
        with self._changed:
            self._changed.wait_for(lambda: self._loading is None)

    def _is_new(self, wanted: Wanted) -> bool:
        known = {self._scorer.release_id if self._scorer else None}
        if self._refused is not None and time.monotonic() < self._refused[2]:
            known.add(self._refused[0])
        return wanted.release_id not in known and self._loading is None

    def _wanted(self) -> Wanted:
        if version(self._engine) is None:
            raise NoReleaseError(NOTHING)
        with self._engine.connect() as connection:
            release_id = find_release(connection).release.release_id
            return Wanted(release_id, kept_files(connection, release_id))

    def _load(self, wanted: Wanted) -> None:
        scorer, why = None, ""
        try:
            scorer = self._verified(wanted)
        except (RegularsError, OSError) as error:
            why = str(error)
            log.error("The models of release %s do not answer: %s", wanted.release_id, why)
        finally:
            with self._changed:
                if scorer is not None:
                    self._scorer, self._refused = scorer, None
                else:
                    why = why or "loading them failed; see the log"
                    self._refused = (wanted.release_id, why, time.monotonic() + AGAIN)
                self._loading = None
                self._changed.notify_all()

    def _verified(self, wanted: Wanted) -> "LiveScorer":
        # Only now: a service that scores no histories needs neither the memory nor the time.
        from serving.live.scoring import LiveScorer

        if not wanted.files:
            raise ArtifactError(
                f"release {wanted.release_id} was published by older code, which kept no models: "
                "run `make run`."
            )
        folder = Path(tempfile.mkdtemp(prefix="regulars-models-"))
        try:
            fetch(self._engine, wanted.files, folder)
            for path, sha256 in wanted.files.items():
                if sha256_of(folder / path) != sha256:
                    raise ArtifactError(f"{path} of release {wanted.release_id} is damaged.")
            self._try(folder)
            return LiveScorer(folder, wanted.release_id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def try_models(folder: Path) -> None:
    """Load the models and try the golden batch in a process of its own.

    Raises ArtifactError with the reason where that fails, or where the process does not survive it.
    """
    command = [sys.executable, "-m", "serving.live.trial", str(folder)]
    try:
        # What LightGBM writes of a damaged file may hold any bytes.
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
            cwd=_code(),
        )
    except subprocess.TimeoutExpired:
        raise ArtifactError(f"trying the models took more than {SECONDS} seconds.") from None
    if done.returncode == 0:
        return
    lines = done.stderr.strip().splitlines()
    if done.returncode < 0:
        why = f"the process that tried them was ended by signal {-done.returncode}"
        raise ArtifactError(f"{why}: a file of LightGBM cannot be read.")
    raise ArtifactError(lines[-1] if lines else f"trying them ended with {done.returncode}.")


def _code() -> Path:
    """The folder in which this code's packages lie."""
    return Path(__file__).resolve().parents[2]
