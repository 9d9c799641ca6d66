"""The pictures of the model card: the same on every machine, whatever its settings."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
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
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from core.arrays import FloatArray  # noqa: E402
from models.judging.influence import Influence  # noqa: E402
from models.judging.plots import INTERVAL  # noqa: E402
from models.words import OURS  # noqa: E402
from pipelines.reports.names import NAMES  # noqa: E402

DRAWN, BINS = 12, 60  # features, and places along the axis at which points are spread
LONGEST = 40  # characters of a feature's name

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
def profit_picture(table: pd.DataFrame, best: Mapping[str, float], title: str, path: Path) -> None:
    """Plot money per 1,000 customers against the share contacted, with the best cut, as PNG."""
    figure = Figure(figsize=(5, 4.4), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color="#999999", linewidth=1)
    others = [name for name in NAMES if name in table and name != OURS]
    for name in (name for name in others if table[name].notna().any()):
        axes.plot(table["share_contacted"], table[name], linewidth=1, label=NAMES[name], alpha=0.7)
    axes.plot(table["share_contacted"], table[OURS], color="#0b5cad", linewidth=2, label="Regulars")
    low, high = (table[name].to_numpy(np.float64) for name in INTERVAL)
    axes.fill_between(table["share_contacted"], low, high, color="#0b5cad", alpha=0.15, linewidth=0)
    axes.plot([best["share_contacted"]], [best["profit"]], marker="o", color="#0b5cad")
    cut = f"risk {best['churn_risk']:.0%} and more:\n{best['share_contacted']:.0%} contacted"
    place = (best["share_contacted"], best["profit"])
    axes.annotate(cut, place, (8, 6), textcoords="offset points", fontsize=8)
    axes.set_xlabel("share contacted, highest risk first")
    axes.set_ylabel("profit per 1,000 customers")
    # What contacting everybody would lose is no part of a choice.
    top = max(best["profit"], 1e-9)
    lowest = float(table[[OURS, *others]].min().min())
    axes.set_ylim(max(lowest, -top) - 0.05 * top, 1.3 * top)
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    figure.savefig(path, metadata={"Software": None})


@_own_settings()
def influence_picture(influence: Influence, title: str, path: Path) -> None:
    """Plot Shapley values of the strongest features, a point for each row, as PNG."""
    names = [_short(name) for name in influence.table["feature"].head(DRAWN)]
    figure = Figure(figsize=(7, 0.6 + 0.36 * len(names)), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color="#999999", linewidth=1)
    colours = mpl.colormaps["coolwarm"]
    for place in range(len(names)):
        moved, ranks = influence.contributions[:, place], influence.ranks[:, place]
        unknown = np.isnan(ranks)
        colour = colours(np.where(unknown, 0.5, ranks))
        colour[unknown] = (0.6, 0.6, 0.6, 1.0)
        axes.scatter(moved, -place + _spread(moved), s=5, c=colour, linewidths=0)
    axes.set_yticks([-place for place in range(len(names))], names, fontsize=8, parse_math=False)
    axes.set_xlabel(
        "moves the log odds of leaving by (red: high values, blue: low, grey: text or unknown)"
    )
    axes.set_title(title, fontsize=10)
    figure.savefig(path, metadata={"Software": None})


def _spread(moved: FloatArray) -> FloatArray:
    """How far each point (n,) stands off its line: the more, the more points stand beside it."""
    edges = np.linspace(moved.min(), moved.max() + 1e-9, BINS + 1)
    which = np.digitize(moved, edges)
    order = np.argsort(which, kind="stable")
    nth = np.empty(len(moved))
    starts = np.searchsorted(which[order], which[order], side="left")
    nth[order] = np.arange(len(moved)) - starts
    sides = np.where(nth % 2, 1.0, -1.0) * np.ceil(nth / 2)
    off: FloatArray = 0.4 * sides / max(float(np.abs(sides).max()), 1.0)
    return off


def _short(name: str) -> str:
    """A feature's name in one line: attributes may have any name."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


@_own_settings()
def empty_picture(text: str, path: Path) -> None:
    """A picture that says why there is none, as PNG."""
    figure = Figure(figsize=(5, 1.2), dpi=110, layout="constrained")
    figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=10)
    figure.savefig(path, metadata={"Software": None})
