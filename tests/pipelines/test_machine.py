"""What the machine lacks is told before anything runs, with what mends it."""

import re
import shlex
import subprocess

import pytest

from core.errors import EnvironmentProblem
from pipelines.run import check_machine


def test_a_checkout_of_another_owner_is_told_with_gits_own_cure(tmp_path, monkeypatch):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EnvironmentProblem, match="belongs to another user") as error:
        check_machine()
    command = re.search(r"git config .*?'.*?'", str(error.value))[0]
    subprocess.run(shlex.split(command), check=True)
    check_machine()
