"""The main job: `dvc repro`, publish, a summary for people. `python -m pipelines.run`."""

import os
import shutil
import subprocess
import sys
import time
from configparser import ConfigParser
from pathlib import Path

from actions.plan.catalog_file import load_catalog
from core.errors import EnvironmentProblem
from features.engines import sail, spark
from pipelines import stage
from pipelines.params import load_params
from pipelines.publish import main as publish
from pipelines.summary import print_summary
from pipelines.track import forget_pending
from serving.settings import load_settings

ADVICE_TO_PUSH = b"Use `dvc push`"
CHECKS = {"spark": spark.check, "sail": sail.check_installed}  # of what an engine needs
RELEASED = stage.RELEASE / "manifest.json"


def main() -> None:
    """Reproduce the pipeline and say what came out, or that nothing changed."""
    check_machine()
    params = load_params()  # a mistake in params.yaml is reported before anything runs
    load_catalog(params.actions.catalog)  # and one in the catalogue
    if params.engine in CHECKS:
        CHECKS[params.engine]()
    load_settings()  # and one in REGULARS_*
    forget_pending()  # a run that MLflow could not record is recorded now
    before, started = _written(RELEASED), time.monotonic()
    # The stages call `python`: it has to be the one that runs this, whatever is first on the PATH.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1"}
    if _reproduce(environment):
        still = "The last release stays as it is." if before else "There is no release yet."
        print(f"\nThe run stopped at the stage above. {still}", file=sys.stderr)
        sys.exit(1)  # DVC's own 255 would tell a shell nothing more
    seconds = time.monotonic() - started
    if before and before == _written(RELEASED):
        print(
            "\nNothing changed: data, code and parameters are those of the last run "
            f"({seconds:.0f} s)."
        )
    publish()
    print_summary(seconds)


def _reproduce(environment: dict[str, str]) -> int:
    """Run `dvc repro`, and pass on what it prints; returns its exit code.

    Left out is DVC's advice to push where the project has nowhere to push to.
    """
    command = [sys.executable, "-m", "dvc", "repro"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as dvc:
        for line in dvc.stdout or ():
            if ADVICE_TO_PUSH not in line or has_remote():
                sys.stdout.buffer.write(line)
                sys.stdout.flush()
    return dvc.returncode


def has_remote(folder: Path = Path(".dvc")) -> bool:
    """Whether a DVC remote is set up in the project (docs/experiments.md)."""
    config = ConfigParser(interpolation=None)
    config.read([folder / "config", folder / "config.local"], encoding="utf-8")
    return any("remote " in section for section in config.sections())


def check_machine() -> None:
    """Raise EnvironmentProblem where the pipeline cannot work at all."""
    if shutil.which("git") is None:
        raise EnvironmentProblem("git is not on the PATH: install it (apt-get install git).")
    inside = subprocess.run(["git", "rev-parse"], capture_output=True, check=False)
    if inside.returncode and b"dubious ownership" in inside.stderr:
        raise EnvironmentProblem(
            "git does not work in a folder that belongs to another user, and DVC compares runs "
            f"through git. Say that you trust it: git config --global --add safe.directory "
            f"'{Path.cwd()}' (where the folder holds the whole checkout; else name that)."
        )
    if inside.returncode:
        raise EnvironmentProblem(
            "This folder is not a git repository, and DVC compares runs through git: "
            "git init && git add -A && git commit -m start"
        )


def _written(path: Path) -> tuple[int, int] | None:
    """When and where a file was written; None when it is not there."""
    return (path.stat().st_mtime_ns, path.stat().st_ino) if path.exists() else None


if __name__ == "__main__":
    stage.run(main)
