"""One finished project for all tests of whole runs; who changes anything takes a copy.

Their two groups (`end_to_end`, `other_runs`) may run side by side: whichever asks first makes it,
and each looks at a copy of its own. Beside it `wrong`, which reads params.yaml with one mistake.
"""

import shutil

import pytest
from filelock import FileLock

from core.errors import ParamsError
from pipelines.params import FILE, load_params
from serving.store.database import open_store
from serving.store.publishing import publish
from tests.pipelines.code import ROOT
from tests.pipelines.project import Project, new_project
from tests.pipelines.warm_python import warm_python
from tests.synthetic import Shop, tables

PARAMS = (ROOT / FILE).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def warm():
    """A Python that has everything of others imported already."""
    with warm_python() as program:
        yield program


@pytest.fixture(scope="session")
def first_run(tmp_path_factory, worker_id, warm):
    """A project after its first `make run`, and what that printed.

    It ran in processes of its own, as a user's does; what tests do to it afterwards is warm.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "first"
    folder.mkdir(exist_ok=True)
    printed = folder / "printed.txt"
    with FileLock(folder / "lock"):
        if not printed.exists():
            shutil.rmtree(folder / "project", ignore_errors=True)
            project = new_project(folder / "project", tables(Shop()))
            done = project.run()
            assert done.code == 0, done.text
            project.git("add", "-A")
            project.git("commit", "-qm", "first run")
            printed.write_text(done.text, encoding="utf-8")
    # Reading is writing too: whoever opens SQLite makes files that another copy would miss.
    own = Project(folder / "project", warm).copy(base / "finished")
    return own, printed.read_text(encoding="utf-8")


@pytest.fixture
def finished(first_run):
    """The finished project, to look at."""
    return first_run[0]


@pytest.fixture
def copied(first_run, tmp_path):
    """A copy of the finished project, to change."""
    return first_run[0].copy(tmp_path / "copy")


@pytest.fixture
def store(first_run, tmp_path):
    """A store with the release of the finished project."""
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    publish(first_run[0].release, engine, keep=5)
    yield engine
    engine.dispose()


@pytest.fixture
def wrong(tmp_path):
    """Reads params.yaml after one replacement of its text; returns what the error says."""

    def read(old, new):
        assert old in PARAMS
        path = tmp_path / "params.yaml"
        path.write_text(PARAMS.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ParamsError) as error:
            load_params(path)
        return str(error.value)

    return read
