"""What `make check` runs and what it leaves to `make test ONLY=slow`: together, everything."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plugin_slow import examples

@pytest.fixture(scope="module")
def shared():
    pass

@pytest.mark.parametrize("case", ["first", "second", "third"])
@pytest.mark.slow_after(1)
def test_of_cases(case):
    pass

@pytest.mark.slow
def test_marked():
    pass

def test_with_a_fixture_of_the_module(shared):
    pass

@given(st.just(1))
@settings(max_examples=examples(300))
def test_drawn(number):
    pass

def test_examples():
    print("examples:", examples(300))

@pytest.mark.xdist_group("spark")
def test_long():
    pass

@pytest.mark.slow
@pytest.mark.xdist_group("end_to_end")
def test_longest():
    pass
"""


def run(folder, *arguments):
    """Names of the tests that run, as pytest prints them, and all that it prints."""
    (folder / "conftest.py").write_text('pytest_plugins = ["tests.plugin_slow"]')
    (folder / "test_some.py").write_text(TESTS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-vs", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return re.findall(r"^(?:.*PASSED )?test_some\.py::(\S+)", done.stdout, re.M), done.stdout


def test_of_the_cases_so_many_are_quick_and_a_property_is_tried_on_a_tenth_of_its_examples(
    tmp_path,
):
    names, printed = run(tmp_path, "-m", "not slow")
    assert names == [
        "test_long",
        "test_of_cases[first]",
        "test_with_a_fixture_of_the_module",
        "test_drawn",
        "test_examples",
    ]
    assert "examples: 30\n" in printed


@pytest.mark.slow
def test_the_slow_run_has_all_other_tests_and_every_property_again(tmp_path):
    names, _ = run(tmp_path, "-m", "slow")
    assert names == [
        "test_longest",
        "test_of_cases[second]",
        "test_of_cases[third]",
        "test_marked",
        "test_drawn",
    ]


@pytest.mark.slow
def test_where_all_run_a_property_is_tried_on_all_its_examples(tmp_path):
    names, printed = run(tmp_path)
    assert names[:2] == ["test_longest", "test_long"] and len(names) == 9
    assert "examples: 300\n" in printed


@pytest.mark.slow
def test_tests_that_share_a_fixture_of_their_module_stay_on_one_worker(tmp_path):
    names, _ = run(tmp_path, "-p", "xdist", "-n", "1", "--dist", "loadgroup")
    grouped = dict.fromkeys(name for name in names if "@" in name)
    assert list(grouped) == [
        "test_longest@end_to_end",
        "test_long@spark",
        "test_with_a_fixture_of_the_module@test_some.py",
    ]
