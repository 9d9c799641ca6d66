"""The whole pipeline in this process: raw files and parameters in, a release or a sentence out.

The stages are those of dvc.yaml, called one after the other in a folder of their own. DVC and
MLflow are left out: they record a run and do not change its results.
"""

import contextlib
import importlib
import io
import os
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core import own_code

ROOT = Path(__file__).resolve().parents[2]
STAGES = (
    "source",
    "ingest",
    "snapshot",
    "train",
    "evaluate",
    "promote",
    "score",
    "effects",
    "plan",
    "release",
    "monitor",
)


@dataclass(frozen=True)
class Ended:
    """How a run ended: at which stage, with which sentence or traceback, and what it printed.

    `stage` is None when it finished; `error` is what a user reads, `crash` a traceback, which is
    always our fault.
    """

    folder: Path
    stage: str | None
    error: str
    crash: str
    printed: str

    @property
    def release(self) -> Path:
        """The folder of the release, whether it exists or not."""
        return self.folder / "data" / "release"

    @property
    def store(self) -> str:
        """Address of the store that the release was published into."""
        return f"sqlite:///{self.folder / 'store' / 'regulars.sqlite3'}"

    @property
    def through(self) -> bool:
        """Whether a release was published."""
        return self.stage is None


def lay_out(folder: Path, params: Mapping[str, Any]) -> None:
    """Write params.yaml, the shipped values overridden by `params`, and the catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    shipped = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    text = yaml.safe_dump(merged(shipped, params), sort_keys=False, allow_unicode=True)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    (folder / "actions.yaml").write_text(
        (ROOT / "actions.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )


def merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with the values of `changes`, section by section."""
    return dict(content) | {
        key: merged(content[key], value)
        if isinstance(value, Mapping) and isinstance(content.get(key), Mapping) and content[key]
        else value
        for key, value in changes.items()
    }


def run_road(folder: Path, last: str | None = None) -> Ended:
    """Run the stages in `folder`, up to `last` or to a published release.

    The folder holds params.yaml and what it names. Nothing is raised: the returned value says how
    it ended.
    """
    from core.errors import RegularsError

    printed = io.StringIO()
    at = STAGES[0]
    with _inside(folder), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        for folder_of_outs in ("metrics", "plots", "reports", "data", "artifacts"):
            Path(folder_of_outs).mkdir(exist_ok=True)
        try:
            for at in STAGES:
                own_code.install(None)  # as in a process of its own
                importlib.import_module(f"pipelines.{at}").main()
                if at == last:
                    return Ended(folder, None, "", "", printed.getvalue())
            at = "publish"
            _publish()
        except RegularsError as error:
            said = f"{type(error).__name__}: {error}"
            return Ended(folder, at, said, "", printed.getvalue())
        except Exception:  # noqa: BLE001 - a traceback is what the zoo looks for
            return Ended(folder, at, "", traceback.format_exc(), printed.getvalue())
    return Ended(folder, None, "", "", printed.getvalue())


def _publish() -> None:
    """As in pipelines/publish.py, without the alias in MLflow."""
    from pipelines import stage
    from pipelines.publish import keep_champion, keep_monitor
    from serving.settings import load_settings
    from serving.store.database import open_store
    from serving.store.publishing import publish

    settings = load_settings()
    engine = open_store(settings.store_url)
    try:
        done = publish(stage.RELEASE, engine, settings.keep_releases)
        keep_champion()
        keep_monitor(engine, done.release_id)
    finally:
        engine.dispose()


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Change into the folder: stages find their files from there."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
