"""One finished project for all tests of whole runs; who changes anything takes a copy.

Two groups of tests (`end_to_end`, `other_runs`), and so two such projects: side by side they take
half as long.
"""

import pytest

from tests.pipelines.project import new_project
from tests.synthetic import Shop, tables


@pytest.fixture(scope="session")
def first_run(tmp_path_factory):
    """A project after its first `make run`, and what that printed."""
    project = new_project(tmp_path_factory.mktemp("first") / "project", tables(Shop()))
    done = project.run()
    assert done.code == 0, done.text
    project.git("add", "-A")
    project.git("commit", "-qm", "first run")
    return project, done.text


@pytest.fixture
def finished(first_run):
    """The finished project, to look at."""
    return first_run[0]


@pytest.fixture
def copied(first_run, tmp_path):
    """A copy of the finished project, to change."""
    return first_run[0].copy(tmp_path / "copy")
