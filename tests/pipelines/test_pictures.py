"""The pictures of the model card do not depend on what is set for Matplotlib on a machine."""

import os
import subprocess
import sys

import pytest

from tests.pipelines.code import ROOT

DRAW = """
import sys
from pathlib import Path
import numpy as np
import pandas as pd
from models.judging.influence import Influence
from pipelines.reports import pictures
from pipelines.reports.pictures import calibration_picture, empty_picture
table = pd.DataFrame({"predicted": [0.1, 0.2], "observed": [0.1, 0.3]})
calibration_picture(table, "Churn", Path(sys.argv[1]) / "one.png")
empty_picture("Too little", Path(sys.argv[1]) / "two.png")
curve = pd.DataFrame({"share_contacted": [0, 0.5, 1], "churn_risk": [1, 0.2, 0.1]})
curve = curve.assign(ours=[0, 9.0, -3], ours_low=[0, 8.0, -4], ours_high=[0, 10.0, -2])
curve = curve.assign(bg_nbd=[0, 5.0, -3], rfm_logistic=np.nan)
best = {"share_contacted": 0.5, "churn_risk": 0.2, "profit": 9.0}
pictures.profit_picture(curve, best, "Churn", Path(sys.argv[1]) / "three.png")
named = pd.DataFrame({"feature": ["a", "$b_{c}$ 100 %\\n" + 50 * "d"]})
moved, ranks = np.array([[0.1, -1], [0.1, 1], [0.1, 0]]), np.array([[0.1, np.nan]] * 3)
told = Influence(named, moved, ranks)
pictures.influence_picture(told, "Churn", Path(sys.argv[1]) / "four.png")
"""


def drawn(folder, **environment):
    folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MPL")}
    done = subprocess.run(
        [sys.executable, "-c", DRAW, str(folder)],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("plain") / "out")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["nonsense", "QtAgg", "module://not.there"])
def test_no_window_system_is_asked_for(plain, tmp_path, backend):
    assert drawn(tmp_path / "out", MPLBACKEND=backend, DISPLAY="") == plain


@pytest.mark.slow
def test_settings_of_a_person_change_nothing(plain, tmp_path):
    settings = tmp_path / "matplotlibrc"
    settings.write_text("text.usetex: True\nfont.family: No Such Font\naxes.facecolor: red\n")
    assert drawn(tmp_path / "out", MATPLOTLIBRC=str(settings)) == plain


@pytest.mark.slow
def test_a_cache_that_may_not_be_written_is_no_news(plain, tmp_path):
    assert drawn(tmp_path / "out", MPLCONFIGDIR="/proc/none") == plain
