"""Every notebook runs from top to bottom on a finished project and shows what it says."""

import json

import pytest

from tests.pipelines.code import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("end_to_end")]

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUN = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=120, resources={"metadata": {"path": "notebooks"}}).execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(finished, tmp_path, notebook):
    executed = tmp_path / notebook.name
    # A kernel chooses how Matplotlib draws before that is imported.
    done = finished.cold().python("-c", RUN, f"notebooks/{notebook.name}", str(executed))
    assert done.code == 0, done.text
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    shown = [output for cell in cells for output in cell.get("outputs", [])]
    assert not [output for output in shown if output["output_type"] == "error"]
    assert sum("image/png" in output.get("data", {}) for output in shown) >= 3


def test_there_is_a_first_look():
    assert "01-first-look" in [path.stem for path in NOTEBOOKS]
