"""The calibration picture of the model card: the same on every machine, whatever its settings."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Set before the import, which fails on an unknown backend: no window is ever opened. A notebook
# keeps its own backend, and programs started from here get the variable as it was.
asked = os.environ.get("MPLBACKEND")
if "ipykernel" not in sys.modules:
    os.environ["MPLBACKEND"] = "agg"
# a cache that cannot be written needs no warning
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import matplotlib as mpl  # noqa: E402
import pandas as pd  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

if asked is None:
    os.environ.pop("MPLBACKEND", None)
else:
    os.environ["MPLBACKEND"] = asked


@contextmanager
def _own_settings() -> Iterator[None]:
    """Without the settings of a matplotlibrc, which may ask for LaTeX or for a missing font."""
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


@_own_settings()
def calibration_picture(table: pd.DataFrame, title: str, path: Path) -> None:
    """Plot predicted against observed share of leavers by tenth of the test rows, as PNG."""
    figure = Figure(figsize=(5, 4.4), dpi=110, layout="constrained")
    axes = figure.subplots()
    most = max(table["predicted"].max(), table["observed"].max()) * 1.05
    axes.plot([0, most], [0, most], color="#999999", linewidth=1, label="ideal")
    axes.plot(table["predicted"], table["observed"], marker="o", color="#0b5cad", label="observed")
    axes.set_xlabel("predicted share who leave")
    axes.set_ylabel("observed share who left")
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False)
    # Without the name of the software, equal pictures are equal bytes.
    figure.savefig(path, metadata={"Software": None})


@_own_settings()
def empty_picture(text: str, path: Path) -> None:
    """A picture that says why there is none, as PNG."""
    figure = Figure(figsize=(5, 1.2), dpi=110, layout="constrained")
    figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=10)
    figure.savefig(path, metadata={"Software": None})
