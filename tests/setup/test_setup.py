"""The set-up says in one sentence what is wrong, and costs nothing once it is done.

Each test works on a copy of the set-up's own files, with a PATH of its own and a uv that only
writes down what it was asked to do.
"""

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE_PYTHON = Path(sys.executable).resolve()
AGAIN = "then run the same command again."


def executable(path, text):
    path.write_text(text)
    path.chmod(0o755)


class Tree:
    """A copy of what set-up reads, in a git repository, with `bin/` as the whole PATH."""

    def __init__(self, folder):
        self.root = folder / "regulars"
        self.bin = folder / "bin"
        self.uv_log = folder / "uv.log"
        self.bin.mkdir()
        (self.root / "tools").mkdir(parents=True)
        for name in ("tools/setup_env.py", "pyproject.toml", "Makefile"):
            shutil.copy(ROOT / name, self.root / name)
        shutil.copytree(ROOT / "requirements", self.root / "requirements")
        self.link("git", "awk")
        subprocess.run(["git", "init", "-q", self.root], check=True)

    def link(self, *commands):
        for command in commands:
            (self.bin / command).symlink_to(shutil.which(command))

    def fake_uv(self, complaint=""):
        fails = f"echo '{complaint}'; exit 2" if complaint else "exit 0"
        executable(self.bin / "uv", f'#!/bin/sh\necho "$*" >>"{self.uv_log}"\n{fails}\n')

    def uv_calls(self):
        calls = self.uv_log.read_text().splitlines() if self.uv_log.exists() else []
        self.uv_log.unlink(missing_ok=True)
        return calls

    def run(self, *command, **env):
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        return subprocess.run(
            command,
            cwd=self.root,
            env={**kept, "PATH": str(self.bin), "UV_DEFAULT_INDEX": "file:///none", **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def set_up(self, name="pipeline", **env):
        return self.run(BASE_PYTHON, "tools/setup_env.py", name, **env)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return Tree(tmp_path)


@pytest.fixture
def setup_env():
    spec = importlib.util.spec_from_file_location("setup_env", ROOT / "tools" / "setup_env.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_one_sentence(done, *words):
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("Set-up stopped. ")
    assert last.endswith(AGAIN)
    for word in words:
        assert word in last


def test_without_git_it_says_to_install_git(tree):
    (tree.bin / "git").unlink()
    assert_one_sentence(tree.set_up(), "git is not on the PATH", "apt-get install git")


def test_a_folder_that_is_no_repository_gets_the_three_commands_that_make_it_one(tree):
    shutil.rmtree(tree.root / ".git")
    assert_one_sentence(tree.set_up(), "git init && git add -A && git commit -m start")


def test_a_repository_of_another_user_gets_the_command_that_trusts_it(tree):
    (tree.bin / "git").unlink()
    says = "fatal: detected dubious ownership in repository"
    executable(tree.bin / "git", f"#!/bin/sh\necho '{says}' >&2\nexit 128\n")
    assert_one_sentence(tree.set_up(), f"git config --global --add safe.directory {tree.root}")


def test_a_python_named_by_hand_that_does_not_start_is_named_back(tree):
    assert_one_sentence(tree.set_up(PYTHON="/no/such/python"), "PYTHON=/no/such/python")


def test_a_python_that_is_too_old_or_too_new_finds_a_newer_one_on_the_path(
    setup_env, tmp_path, monkeypatch
):
    monkeypatch.setattr(setup_env, "MINORS", (99, 98))
    monkeypatch.setenv("PATH", str(tmp_path))
    executable(tmp_path / "python3.99", "#!/bin/sh\nexit 127\n")  # as a version manager's shim does
    executable(tmp_path / "python3.98", "#!/bin/sh\necho 3.98\n")
    assert setup_env.choose_python() == str(tmp_path / "python3.98")


def test_without_a_python_that_fits_it_says_which_ones_do(setup_env, tmp_path, monkeypatch):
    monkeypatch.setattr(setup_env, "MINORS", (99,))
    monkeypatch.setenv("PATH", str(tmp_path))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with pytest.raises(setup_env.SetupError, match=f"3.11, 3.12 or 3.13.*is {version}"):
        setup_env.choose_python()


def test_the_pythons_it_accepts_are_those_of_pyproject(setup_env):
    allowed = re.search(r'requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text()).group(1)
    oldest, newest = min(setup_env.MINORS), max(setup_env.MINORS)
    assert allowed == f">=3.{oldest},<3.{newest + 1}"
    assert set(setup_env.MINORS) == set(range(oldest, newest + 1))


def test_without_any_python_make_says_so_in_a_sentence(tree):
    tree.link("make")
    done = tree.run("make", "run")
    assert done.returncode != 0
    assert re.fullmatch(
        ".*No Python on the PATH: install Python 3.11, 3.12 or 3.13.*\n", done.stderr
    )


def test_without_the_library_lightgbm_needs_it_gives_the_command(setup_env, monkeypatch):
    def missing(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(setup_env.sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(setup_env.SetupError, match="apt-get install libgomp1"):
        setup_env.check_openmp()


def test_a_python_without_venv_ensurepip_and_pip_gets_the_package_to_install(
    setup_env, tmp_path, monkeypatch
):
    monkeypatch.setattr(setup_env, "VENV", tmp_path / "none")
    monkeypatch.setattr(setup_env, "VENV_PYTHON", tmp_path / "none" / "python")
    monkeypatch.setattr(setup_env, "has", lambda python, module: False)
    with pytest.raises(setup_env.SetupError, match="apt-get install python3-venv"):
        setup_env.make_venv("python3", uv=None)
    with pytest.raises(setup_env.SetupError, match="apt-get install python3-venv"):
        setup_env.find_uv("python3", uv=None)


@pytest.mark.slow
def test_without_uv_and_with_a_registry_out_of_reach_pip_says_why_and_we_what_to_do(tree):
    done = tree.set_up(
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="0",
        PIP_CONFIG_FILE="/dev/null",
    )
    assert_one_sentence(done, "could not give us uv", "check the network")
    assert "No matching distribution found for uv" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        ("error: Connection refused", "check the network"),
        ("error: No space left on device (os error 28)", "The disk is full"),
        ("error: Permission denied (os error 13)", "cannot be written"),
        ("error: Read-only file system (os error 30)", "cannot be written"),
        ("cause: Hash mismatch for `pandas==3.1.1`", "by its hash"),
    ],
)
def test_when_uv_fails_its_words_are_shown_and_the_sentence_fits_them(tree, complaint, sentence):
    tree.fake_uv(complaint)
    done = tree.set_up()
    assert_one_sentence(done, sentence)
    assert complaint in done.stderr


@pytest.mark.slow
def test_after_a_failure_the_same_command_goes_on(tree):
    tree.fake_uv("error: Connection refused")
    assert tree.set_up().returncode == 1
    tree.fake_uv()
    assert tree.set_up().returncode == 0


def test_an_unreadable_file_is_named_without_a_traceback(tree):
    (tree.root / "requirements" / "pipeline.txt").unlink()
    done = tree.set_up()
    assert_one_sentence(done)
    assert "requirements/pipeline.txt" in done.stderr


@pytest.mark.slow
def test_the_lock_is_installed_by_hash_and_the_project_without_fetching_anything(tree):
    tree.fake_uv()
    assert tree.set_up("dev").returncode == 0
    locked, project = tree.uv_calls()
    lock = tree.root / "requirements" / "dev.txt"
    assert f"--require-hashes -r {lock} --build-constraints {lock}" in locked
    assert f"--no-deps --no-build-isolation --editable {tree.root}" in project


@pytest.mark.slow
def test_a_second_call_does_nothing_until_a_lock_or_pyproject_changes(tree):
    tree.fake_uv()
    assert tree.set_up().returncode == 0
    assert len(tree.uv_calls()) == 2
    assert tree.set_up().stderr == ""
    assert tree.uv_calls() == []
    for changed in ("requirements/pipeline.txt", "pyproject.toml"):
        with (tree.root / changed).open("a") as file:
            file.write("\n# changed\n")
        assert tree.set_up().returncode == 0
        assert len(tree.uv_calls()) == 2


@pytest.mark.slow
def test_each_set_is_added_to_the_environment_the_other_made(tree):
    tree.fake_uv()
    for name in ("dev", "spark", "pipeline"):
        assert tree.set_up(name).returncode == 0
        marker = tree.root / ".venv" / "made-by-the-first"
        if name == "dev":
            marker.touch()
    assert marker.exists()
    tree.uv_calls()
    assert [tree.set_up(name).returncode for name in ("dev", "spark", "pipeline")] == [0, 0, 0]
    assert tree.uv_calls() == []


@pytest.mark.slow
def test_an_environment_that_was_moved_with_its_folder_is_made_anew(tree):
    tree.fake_uv()
    assert tree.set_up().returncode == 0
    old = tree.root / ".venv" / "of-the-old-place"
    old.touch()
    tree.root = tree.root.rename(tree.root.with_name("moved"))
    done = tree.set_up()
    assert done.returncode == 0
    assert "Making .venv anew" in done.stderr
    assert not (tree.root / ".venv" / "of-the-old-place").exists()


@pytest.mark.slow
def test_a_half_made_environment_is_made_anew(tree):
    tree.fake_uv()
    (tree.root / ".venv" / "bin").mkdir(parents=True)
    assert tree.set_up().returncode == 0
    assert (tree.root / ".venv" / "bin" / "python").exists()


def test_uv_is_told_of_the_registry_that_only_pip_was_told_of(setup_env, monkeypatch):
    listing = ":env:.cert='/a.crt'\nglobal.cert='/b.crt'\nglobal.index-url='file:///mirror'"
    monkeypatch.setattr(setup_env, "ask", lambda command: (listing, True))
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    env = setup_env.uv_environment("python3")
    assert (env["UV_DEFAULT_INDEX"], env["SSL_CERT_FILE"]) == ("file:///mirror", "/a.crt")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "file:///own")
    env = setup_env.uv_environment("python3")
    assert (env["UV_DEFAULT_INDEX"], env.get("SSL_CERT_FILE")) == ("file:///own", None)


def test_make_alone_lists_every_target(tree):
    tree.link("make")
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1)
    listed = re.findall(r"^make ([\w-]+) ", tree.run("make").stdout, re.MULTILINE)
    assert listed == targets.split()


def test_make_ui_without_a_store_says_to_run_first(tree):
    tree.link("make", "python3")
    done = tree.run("make", "ui")
    assert done.returncode != 0
    assert "There is no mlflow.db yet: run `make run` first" in done.stderr
