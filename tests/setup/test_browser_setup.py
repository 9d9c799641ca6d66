"""The set-up finds a browser, or fetches one, or says loudly that there is none.

The first tests have a PATH of their own, with browsers and package managers that only write down
what they were asked to do, and a Python that plays Playwright's part.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import setup_browser

ROOT = Path(__file__).resolve().parents[2]
WARNINGS = ["-W", "error", "-o", "markers=slow"]  # are errors, as in pyproject.toml
PLAYWRIGHT = "-m playwright install --no-shell chromium"


def executable(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def browser(path):
    return executable(path, "echo 'Chromium 141.0.7390.107 built on Debian'")


class Machine:
    """One with `bin/` as the whole PATH; `own` is where Playwright's Chromium would be."""

    def __init__(self, folder):
        self.bin = folder / "bin"
        self.own = folder / "own" / "chrome"
        self.python = folder / "python"
        self.log = folder / "log"
        self.new_browser = browser(folder / "new" / "chromium")
        self.bin.mkdir()
        self.own.parent.mkdir()
        self.download("echo no network; exit 1")

    def download(self, text):
        ask = f'[ "$1" = -c ] && echo "{self.own}" && exit'
        executable(self.python, f'{ask}\necho "$*" >>"{self.log}"\n{text}')

    def package_manager(self, name, text="", verb="install"):
        """One that has Chromium; its other verbs than `install` do nothing."""
        text = text or self.link(self.bin / "chromium")
        log = f'echo "{name} $* $DEBIAN_FRONTEND" >>"{self.log}"'
        executable(self.bin / name, f'{log}\ncase "$*" in *{verb}*) {text};; esac')

    def link(self, path):
        return f'PATH=/usr/bin:/bin ln -s "{self.new_browser}" "{path}"'

    def fetched(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path, monkeypatch):
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(machine.bin))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("DEBIAN_FRONTEND", raising=False)
    monkeypatch.setattr(setup_browser, "PYTHON", str(machine.python))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return machine


@pytest.fixture
def root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.mark.parametrize("name", setup_browser.NAMES)
def test_a_browser_on_the_path_is_used_and_nothing_is_fetched(machine, root, capsys, name):
    browser(machine.own)
    machine.package_manager("apt-get")
    path = browser(machine.bin / name)
    assert setup_browser.main() == 0
    assert setup_browser.find_browser() == path
    assert machine.fetched() == []
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "broken",
    [
        "echo 'chromium needs a snap: snap install chromium'; exit 1",
        "echo 'Chromium 141.0: error while loading shared libraries'; exit 127",
        "exit 0",
    ],
)
def test_a_browser_that_does_not_start_is_passed_over(machine, broken):
    executable(machine.bin / "chromium", broken)
    assert setup_browser.find_browser() is None
    path = browser(machine.bin / "google-chrome")
    assert setup_browser.find_browser() == path


def test_a_browser_that_does_not_answer_is_given_up(machine, monkeypatch):
    monkeypatch.setattr(setup_browser, "ANSWER_TIMEOUT", 0.2)
    executable(machine.bin / "chromium", "PATH=/usr/bin:/bin; sleep 60 | cat; echo Chromium 1.0")
    assert not setup_browser.starts(str(machine.bin / "chromium"))


def test_a_download_that_is_there_already_is_used(machine):
    path = browser(machine.own)
    assert setup_browser.main() == 0
    assert setup_browser.find_browser() == path
    assert machine.fetched() == []


def test_a_download_that_works_leaves_the_package_manager_alone(machine, root):
    machine.download(machine.link(machine.own))
    machine.package_manager("apt-get")
    assert setup_browser.main() == 0
    assert setup_browser.find_browser() == str(machine.own)
    assert machine.fetched() == [PLAYWRIGHT]


@pytest.mark.parametrize(
    ("manager", "asked"),
    [
        ("apt-get", ["apt-get update", setup_browser.APT_INSTALL]),
        ("dnf", ["dnf install -y chromium"]),
    ],
)
def test_root_gets_it_from_the_package_manager(machine, root, capsys, manager, asked):
    machine.package_manager(manager)
    assert setup_browser.main() == 0
    assert setup_browser.find_browser() == str(machine.bin / "chromium")
    assert machine.fetched() == [PLAYWRIGHT, *(f"{command} noninteractive" for command in asked)]
    assert "no network" not in capsys.readouterr().err


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("1", 1), ("true", 1)])
def test_without_a_browser_it_is_said_loudly_and_fails_in_ci(
    machine, monkeypatch, capsys, ci, code
):
    monkeypatch.setenv("CI", ci)
    machine.package_manager("apt-get")
    assert setup_browser.main() == code
    assert machine.fetched() == [PLAYWRIGHT]  # no apt-get: that needs root
    said = capsys.readouterr().err
    assert "##  NO BROWSER" in said
    assert "no network" in said
    assert ("will be SKIPPED" in said) == (code == 0)
    assert {len(line) for line in said.splitlines() if line.startswith("##")} == {76}


def test_what_a_package_manager_complains_of_is_shown(machine, root, capsys):
    machine.package_manager("apt-get", "echo no such mirror; exit 100", verb="update")
    assert setup_browser.main() == 0
    assert machine.fetched() == [PLAYWRIGHT, "apt-get update noninteractive"]
    assert "apt-get update\nno such mirror\n" in capsys.readouterr().err


def test_a_download_without_its_libraries_says_which_are_missing(machine, capsys):
    machine.download("exit 0")
    executable(machine.own, "echo libnss3.so: cannot open shared object file >&2; exit 127")
    assert setup_browser.main() == 0
    assert "libnss3.so" in capsys.readouterr().err


@pytest.mark.slow
def test_where_the_real_playwright_keeps_its_chromium_is_known(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    code = setup_browser.WHERE_IS_PLAYWRIGHTS_OWN
    output, well = setup_browser.ask([sys.executable, "-c", code], 20)
    assert well
    assert Path(output).is_relative_to(tmp_path)


def outcomes(folder, workers=2, ci=""):
    """What pytest says and counts in a folder of tests, with our two plugins."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    plugins = ["-p", "xdist", "-p", "tests.plugin_browser", "-p", "tests.plugin_skips"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, f"-n{workers}", *WARNINGS],
        cwd=folder,
        env={
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "CI": ci,
        },
        capture_output=True,
        text=True,
    )
    closing = done.stdout.strip().splitlines()[-1]
    return done.stdout, {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", closing)}


@pytest.mark.slow
@pytest.mark.parametrize(("ci", "outcome"), [("", "skipped"), ("true", "errors")])
def test_without_a_browser_its_tests_fail_in_ci_and_are_counted_elsewhere(tmp_path, ci, outcome):
    (tmp_path / "conftest.py").write_text(
        "from tools import setup_browser\n"
        "setup_browser.NAMES, setup_browser.PYTHON = (), '/no/such/python'\n"
    )
    (tmp_path / "test_some.py").write_text(
        "def test_one(chromium): pass\ndef test_two(chromium): pass\ndef test_three(): pass\n"
    )
    said, found = outcomes(tmp_path, ci=ci)
    assert found == {"passed": 1, outcome: 2}
    assert ("2 browser tests were SKIPPED. No browser: run `make test`" in said) == (ci == "")


def test_the_browser_shows_a_page(chromium):
    with chromium.new_page() as page:
        page.goto("data:text/html;charset=utf-8,<h1>Постоянные клиенты</h1>")
        heading = page.get_by_role("heading", name="Постоянные клиенты")
        assert heading.bounding_box()["width"] > 0


def test_when_a_module_with_a_browser_is_over_asyncio_works_again(chromium, tmp_path):
    """And nothing is left open: warnings are errors in there too."""
    (tmp_path / "test_1.py").write_text("def test_one(chromium): chromium.new_page()\n")
    (tmp_path / "test_2.py").write_text(
        "import asyncio, gc\ndef test_two():\n    asyncio.run(asyncio.sleep(0))\n    gc.collect()\n"
    )
    _, found = outcomes(tmp_path, workers=0)
    assert found == {"passed": 2}
