"""A test of `make check` that takes too long fails, and says what to do."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import plugin_limits

ROOT = Path(__file__).resolve().parents[2]
# Limits of a tenth, so that what is over them takes no time here either.
CONFTEST = """
from tests import plugin_limits
plugin_limits.TEST_SECONDS = 0.1
plugin_limits.FIXTURE_SECONDS = 0.2
plugin_limits.MARGIN = 1.0
plugin_limits.slowness = lambda: 1.0
pytest_plugins = ["tests.plugin_limits"]

def pytest_configure(config):
    config.addinivalue_line("markers", "slow")
"""
TESTS = """
import subprocess, sys, time
import pytest

BURN = "import time\\nwhile time.process_time() < {}: pass"

def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

@pytest.fixture(scope="module")
def dear():
    burn(0.3)

@pytest.fixture(scope="module")
def fair():
    burn(0.15)

def test_first_of_the_file():
    burn(0.15)

def test_over():
    burn(0.15)

def test_over_in_a_child():
    subprocess.run([sys.executable, "-c", BURN.format(0.2)], check=True)

def test_under():
    burn(0.01)

@pytest.mark.slow
def test_marked():
    burn(0.15)

def test_with_a_fair_fixture(fair):
    pass

@pytest.mark.slow
def test_marked_with_a_dear_fixture(dear):
    pass
"""
DEAR = """
import time
import pytest

@pytest.fixture(scope="module")
def dear():
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass

def test_first(dear):
    pass

def test_second(dear):
    pass
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """The name of every test with its outcome, and all that was printed."""
    folder = tmp_path_factory.mktemp("limits")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_some.py").write_text(TESTS)
    (folder / "test_dear.py").write_text(DEAR)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    return dict(re.findall(r"::(\w+) (\w+)", done.stdout)), done.stdout


@pytest.mark.slow
def test_a_test_over_the_limit_fails_with_its_seconds_and_the_cure(outcomes):
    found, printed = outcomes
    assert found["test_over"] == "FAILED"
    assert re.search(
        r"The test took 0\.\d seconds of processor, and one that `make check`", printed
    )
    assert "mark the test slow" in printed


def test_what_its_children_take_counts_too(outcomes):
    found, _ = outcomes
    assert found["test_over_in_a_child"] == "FAILED"


def test_one_under_the_limit_or_marked_slow_passes_and_the_first_of_a_file_has_twice_the_time(
    outcomes,
):
    found, _ = outcomes
    assert found["test_first_of_the_file"] == "PASSED"
    assert found["test_under"] == found["test_marked"] == "PASSED"


def test_a_fixture_has_a_limit_of_its_own_that_no_test_pays_for(outcomes):
    found, printed = outcomes
    assert found["test_with_a_fair_fixture"] == "PASSED"
    assert found["test_marked_with_a_dear_fixture"] == "PASSED"
    assert found["test_first"] == "ERROR"
    assert found["test_second"] == "PASSED"  # told once
    assert re.search(r"The fixture `dear` took 0\.\d seconds", printed)


def test_a_slower_machine_gets_more(monkeypatch):
    monkeypatch.setattr(plugin_limits, "yardstick", lambda: 3 * plugin_limits.USUAL_YARDSTICK)
    plugin_limits.fail_if_over("The test", 11.9, limit=1.0)
    with pytest.raises(pytest.fail.Exception, match=r"took 12\.1 seconds"):
        plugin_limits.fail_if_over("The test", 12.1, limit=1.0)


def test_a_faster_machine_gets_no_less_and_only_what_is_over_the_margin_fails(monkeypatch):
    monkeypatch.setattr(plugin_limits, "yardstick", lambda: plugin_limits.USUAL_YARDSTICK / 3)
    plugin_limits.fail_if_over("The test", 3.9, limit=1.0)
    with pytest.raises(pytest.fail.Exception, match=r"took 4\.1 seconds"):
        plugin_limits.fail_if_over("The test", 4.1, limit=1.0)
