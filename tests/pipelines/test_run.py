"""`make run` passes on what DVC prints, and advises to push only where that is possible."""

import shutil
import subprocess
import sys

import pytest

from core.errors import CatalogError
from pipelines import run
from tests.pipelines.code import ROOT

PRINTS = r"""
import sys
sys.stdout.buffer.write("Running stage 'source'\n  заказы\n".encode())
print("Use `dvc push` to send your updates to remote storage.")
sys.exit(3)
"""


def printed(monkeypatch, capfdbinary):
    """What reaches the terminal, and the exit code, where DVC prints PRINTS."""
    started = subprocess.Popen
    monkeypatch.setattr(
        run.subprocess, "Popen", lambda _, **how: started([sys.executable, "-c", PRINTS], **how)
    )
    code = run._reproduce({"PYTHONIOENCODING": "utf-8"})
    sys.stdout.flush()
    return capfdbinary.readouterr().out.decode(), code


def test_without_a_remote_nothing_is_said_of_pushing(tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(tmp_path)
    said, code = printed(monkeypatch, capfdbinary)
    assert said == "Running stage 'source'\n  заказы\n" and code == 3


def test_with_a_remote_it_is(tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config.local").write_text("['remote \"shared\"']\n    url = /mnt/100%\n")
    said, _ = printed(monkeypatch, capfdbinary)
    assert said.endswith("Use `dvc push` to send your updates to remote storage.\n")


def test_a_wrong_catalogue_is_refused_before_anything_runs(tmp_path, monkeypatch):
    """The stages that read it come after minutes of training."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "check_machine", lambda: None)
    monkeypatch.setattr(run, "_reproduce", lambda _: pytest.fail("a stage has run"))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    with pytest.raises(CatalogError, match=r"actions\.yaml does not exist: actions\.catalog in"):
        run.main()
    text = (ROOT / "actions.yaml").read_text(encoding="utf-8")
    (tmp_path / "actions.yaml").write_text(text.replace("\ncurrency:", "\ncurency:", 1), "utf-8")
    with pytest.raises(CatalogError):
        run.main()
