"""How scores become probabilities: the calibration map, and what it misses by customers' spending.

The map sees a score alone. Where customers who spend much leave more often, or less, than others of
the same score, a shift of the log odds for each third by spending corrects it:

    logit q = logit p + shift(third),    shift ~ N(0, SPREAD²) before any outcome is seen

so that few leavers move it little (a hierarchical model with the map's log odds as offset; Gelman &
Hill 2007, chapter 14). All customers of a date share its weather: what a third does on one date may
be gone on the next. So shifts are learned only from two outcome windows that do not overlap, and
only where those of the earlier window lower the log loss of the later one
(docs/decisions/0056-shifts-by-value.md).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from core.arrays import FloatArray
from core.digits import CONVEX, to_digits
from models.customers.segments import longest_window
from models.params import ModelParams
from models.probability.calibration import IDENTITY, BetaMap, cross_fitted, fit_beta_map
from models.probability.metrics import log_loss

SPREAD = 0.2  # standard deviation of a shift in log odds: two of three move the odds by under 22 %
THIRDS = 3
FURTHEST = 10.0  # log odds: no shift is larger


@dataclass(frozen=True)
class ByValue:
    """Shifts of the log odds by `column`, what a customer spent in a window of days.

    The first `shifts` is for less than the first of `cuts`, the last for at least the last of them;
    an unknown amount counts as 0.
    """

    column: str
    cuts: tuple[float, ...]
    shifts: tuple[float, ...]

    def __call__(self, probabilities: FloatArray, snapshot: pd.DataFrame) -> FloatArray:
        """The corrected probabilities (n,) of a snapshot's rows (n,)."""
        return self._shifted(probabilities, self._parts(snapshot))

    def _parts(self, snapshot: pd.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
        amounts = snapshot[self.column].fillna(0.0).to_numpy(np.float64)
        return np.searchsorted(np.asarray(self.cuts), amounts, side="right")

    def _shifted(
        self, probabilities: FloatArray, parts: "np.ndarray[tuple[int], np.dtype[np.intp]]"
    ) -> FloatArray:
        shifted: FloatArray = expit(logit(probabilities) + np.asarray(self.shifts)[parts])
        return shifted

    def to_dict(self) -> dict[str, Any]:
        """The shifts, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "ByValue":
        """The reverse of `to_dict`."""
        return cls(content["column"], tuple(content["cuts"]), tuple(content["shifts"]))


class Window(NamedTuple):
    """Rows (n,) with known outcomes, and calibrated probabilities (n,) that had not seen them."""

    rows: pd.DataFrame
    probabilities: FloatArray


def calibration_map(
    scores: FloatArray, outcomes: FloatArray, customers: "pd.Series[str]", params: ModelParams
) -> BetaMap:
    """The calibration map for scores (n,) on dates later than those the model was trained on.

    It is the identity when cross-fitting over customers shows that a map would not lower the log
    loss.
    """
    held_out = cross_fitted(scores, outcomes, customers, params.calibration_folds)
    ones = np.ones_like(outcomes)
    if log_loss(outcomes, held_out, ones) >= log_loss(outcomes, scores, ones):
        return IDENTITY
    return fit_beta_map(scores, outcomes)


def calibrated_window(rows: pd.DataFrame, scores: FloatArray, params: ModelParams) -> Window:
    """A window with its scores (n,) calibrated in total: by a map of its own outcomes."""
    outcomes = rows["churned"].to_numpy(np.float64)
    return Window(rows, calibration_map(scores, outcomes, rows["customer_id"], params)(scores))


def learn_by_value(earlier: Window, later: Window) -> ByValue | None:
    """Shifts by what customers spent, learned from both windows.

    None where the data has no amounts or too few kinds of them for thirds, and where the shifts of
    the earlier window do not lower the log loss of the later one.
    """
    cuts = _cuts(later.rows)
    if cuts is None:
        return None
    before = _fit(cuts, [earlier])
    left = later.rows["churned"].to_numpy(np.float64)
    ones = np.ones_like(left)
    corrected = before(later.probabilities, later.rows)
    if log_loss(left, corrected, ones) >= log_loss(left, later.probabilities, ones):
        return None
    return _fit(cuts, [earlier, later])


def _cuts(rows: pd.DataFrame) -> ByValue | None:
    """The limits of the thirds at the latest date, without shifts."""
    latest = rows[rows["as_of_date"] == rows["as_of_date"].max()]
    amounts = longest_window(latest, "amount")
    if amounts is None:
        return None
    shares = [number / THIRDS for number in range(1, THIRDS)]
    cuts: FloatArray = np.quantile(amounts.fillna(0.0).to_numpy(np.float64), shares)
    if len(np.unique(cuts)) < len(cuts):
        return None
    return ByValue(str(amounts.name), tuple(to_digits(cuts, CONVEX).tolist()), (0.0,) * THIRDS)


def _fit(cuts: ByValue, windows: Sequence[Window]) -> ByValue:
    """The most likely shift of each third, given SPREAD."""
    parts = np.concatenate([cuts._parts(window.rows) for window in windows])
    odds = logit(np.concatenate([window.probabilities for window in windows]))
    left = np.concatenate([window.rows["churned"].to_numpy(np.float64) for window in windows])

    def shift(part: int) -> float:
        inside = parts == part
        seen, before = left[inside].sum(), odds[inside]

        def slope(by: float) -> float:
            return float(seen - expit(before + by).sum() - by / SPREAD**2)

        return to_digits(float(brentq(slope, -FURTHEST, FURTHEST, xtol=1e-14)), CONVEX)

    return ByValue(cuts.column, cuts.cuts, tuple(shift(part) for part in range(THIRDS)))
