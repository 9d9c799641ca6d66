"""In CI no test disappears by skipping."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import pytest

def test_that_skips_while_it_runs():
    pytest.skip("no reason at all")

@pytest.mark.skip(reason="no reason at all")
def test_that_is_marked():
    pass

@pytest.mark.skip(reason="../shared/data/online_retail is absent")
def test_that_needs_shared_data():
    pass
"""
MODULE = 'import pytest\npytest.importorskip("no_such_module")\n'


def counts(folder, **env):
    """What pytest's closing line counts, with two workers as `make test` has them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "tests.plugin_skips", "-n", "2"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "CI": "",
            **env,
        },
        capture_output=True,
        text=True,
    )
    closing = done.stdout.strip().splitlines()[-1]
    return done.returncode, {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", closing)}


@pytest.mark.slow
def test_in_ci_a_skip_fails_unless_it_names_the_shared_data(tmp_path):
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_module.py").write_text(MODULE)
    code, found = counts(tmp_path, CI="true")
    assert code == 1
    assert found["skipped"] == 1
    assert found["failed"] + found["errors"] == 3


@pytest.mark.slow
def test_elsewhere_a_skip_is_a_skip(tmp_path):
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_module.py").write_text(MODULE)
    code, found = counts(tmp_path)
    assert code == 0
    assert found["skipped"] == 4
