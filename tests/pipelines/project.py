"""A project of a user's own in a folder of its own: this code, other data, quick settings."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from core.files import check_manifest
from tests.pipelines.code import ROOT
from tests.synthetic import write

OURS = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONSAFEPATH", "MLFLOW_TRACKING_URI", "CI"}
TREES = {"learning_rate": 0.15, "max_rounds": 60, "early_stopping_rounds": 8}
QUICK = {
    "source": {"kind": "files", "path": "mydata", "currency": "USD"},
    # One of the days that probabilities are told for, so that the two can be compared.
    "task": {"horizon_days": 30, "active_within_days": 60, "value_horizon_days": "auto"},
    "timeline": {"step_days": 30, "validation_snapshots": 1, "test_snapshots": 1},
    "model": {
        "bootstrap_draws": 20,
        "gates": {"min_customers": 100, "min_churners": 20},
        "churn": {**TREES, "min_data_in_leaf": 40},
        "next_purchase": {**TREES, "min_data_in_leaf": 40},
        "value": {**TREES, "min_data_in_leaf": 40},
    },
    "actions": {"budget": 150},
}


@dataclass(frozen=True)
class Done:
    """How a command ended, and everything it printed."""

    code: int
    text: str


@dataclass(frozen=True)
class Project:
    """A folder with the code, and commands run in it by `program`: Python, or a warm one."""

    folder: Path
    program: Path = Path(sys.executable)

    @property
    def release(self) -> Path:
        return self.folder / "data" / "release"

    def manifest(self) -> dict:
        """The manifest of the release, whose every file has been compared with it."""
        return check_manifest(self.release)

    def python(self, *arguments: str) -> Done:
        """Run this Python in the folder, with the environment of a user and not of a test."""
        ours = {n for n in os.environ if n in OURS or n.startswith("REGULARS_") or "PYTEST" in n}
        kept = {n: v for n, v in os.environ.items() if n not in ours}
        first = dict.fromkeys((self.program.parent, Path(sys.executable).parent))
        who = {
            f"GIT_{role}_{what}": text for role in ("AUTHOR", "COMMITTER") for what, text in NAMED
        }
        environment = {
            **kept,
            **who,
            "PATH": os.pathsep.join((*map(str, first), os.environ["PATH"])),
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.folder.parent / "site"),
            "COLUMNS": "200",
        }
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def run(self) -> Done:
        """What `make run` does once everything is installed."""
        return self.python("-m", "pipelines.run")

    def dvc(self, *arguments: str) -> Done:
        return self.python("-m", "dvc", *arguments)

    def reach(self, last: str) -> Done:
        """Run every stage up to `last` in one process: a third of the time that DVC takes.

        For tests that ask what the stages make, and not which of them DVC runs. As with DVC, what
        a stage made before is gone when it starts, unless dvc.yaml lets it persist, and it fails
        where anything that dvc.yaml lists was not made.
        """
        stages = yaml.safe_load((self.folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
        names, outs = list(stages)[: list(stages).index(last) + 1], []
        for name in names:
            for entry in (*stages[name]["outs"], *stages[name].get("metrics", ())):
                out, how = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
                outs.append(self.folder / out)
                if how.get("persist"):
                    continue
                if outs[-1].is_dir():
                    shutil.rmtree(outs[-1])
                else:
                    outs[-1].unlink(missing_ok=True)
        done = self.python("-c", STAGES, *names)
        missing = [str(path) for path in outs if not path.exists()]
        if done.code == 0 and missing:
            return Done(1, f"{done.text}\nnot made: {missing}")
        return done

    def up_to_date(self) -> bool:
        """Whether the next run has only to look at the source, as each has."""
        status = json.loads(self.dvc("status", "--json").text)
        return status == {"source": ["always changed"]}

    def git(self, *arguments: str) -> None:
        named = [part for what, text in NAMED for part in ("-c", f"user.{what.lower()}={text}")]
        subprocess.run(["git", *named, *arguments], cwd=self.folder, check=True)

    def change(self, **sections: dict) -> None:
        """Change keys of params.yaml; sections inside sections are merged."""
        path = self.folder / "params.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump(_merged(content, sections), sort_keys=False))

    def give(self, tables: dict) -> None:
        """Replace the user's data."""
        shutil.rmtree(self.folder / "mydata", ignore_errors=True)
        write(self.folder / "mydata", tables)

    def copy(self, folder: Path) -> "Project":
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder, self.program)

    def cold(self) -> "Project":
        """The same folder, with processes that import everything anew."""
        return Project(self.folder)

    def parent_runs(self) -> int:
        """Finished MLflow runs without a parent."""
        with sqlite3.connect(self.folder / "mlflow.db") as store:
            query = """SELECT count(*) FROM runs WHERE status = 'FINISHED' AND run_uuid NOT IN
                       (SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId')"""
            return store.execute(query).fetchone()[0]


STAGES = """
import runpy, sys
for stage in sys.argv[1:]:
    runpy.run_module(f"pipelines.{stage}", run_name="__main__")
"""
NAMED = (("NAME", "Test"), ("EMAIL", "test@example.com"))


def new_project(folder: Path, tables: dict, program: Path = Path(sys.executable)) -> Project:
    """What git would clone, with the data given, quick settings and one commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    made = ("dvc.lock", "metrics/", "plots/")  # results of another data set
    for name in listed.stdout.split("\0"):
        if name and not name.startswith((*made, "tests/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    project = Project(folder, program)
    project.give(tables)
    project.change(**QUICK)
    project.git("init", "-q")
    project.git("add", "-A")
    project.git("commit", "-qm", "start")
    return project


def _merged(content: dict, changes: dict) -> dict:
    return content | {
        key: _merged(content[key], value) if isinstance(value, dict) and content.get(key) else value
        for key, value in changes.items()
    }
