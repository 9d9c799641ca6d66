"""The last steps to an optimum, so that fits end at the same parameters on every processor.

A minimiser stops where the loss hardly falls any more. On a flat ridge that is far from the
optimum, and how far depends on the last digits of the loss, which depend on the processor. The
point at which the gradient is zero does not.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import root

from core.arrays import FloatArray

Booleans = npt.NDArray[np.bool_]

CLOSE = 1e-9  # distance from a bound at which the parameter is held there
TOLERANCE = 1e-14
NOISE = (
    1e-12  # a parameter nearer to 0 is 0: what is left of it are last digits, which would be kept
)
ROUNDING = 1e-9  # of the loss: the logs of gamma functions of 10,000 leave no more digits
UNBOUNDED = (-np.inf, np.inf)


def polished(
    loss: Callable[[FloatArray], tuple[float, FloatArray]],
    found: FloatArray,
    bounds: Sequence[tuple[float, float]] | None = None,
) -> FloatArray:
    """The parameters (k,) near `found` at which the gradient of the loss is zero.

    `loss` returns its value and its gradient (k,). A parameter on its bound is held there, and so
    is one whose root lies beyond the bound, and one within NOISE of 0 is 0. Returns `found` itself
    where nothing better is found.
    """
    low, high = np.array(bounds or [UNBOUNDED] * len(found), np.float64).T
    first = np.clip(found, low, high)
    last = first.copy()
    for _ in range(len(found)):  # each time one more parameter is held at its bound
        free = (last > low + CLOSE) & (last < high - CLOSE)
        if not free.any():
            break
        ended = last.copy()
        ended[free] = _root(loss, last, free)
        inside = np.clip(ended, low, high)
        beyond = inside != ended
        if not beyond.any():
            last = ended
            break
        last[beyond] = inside[beyond]
    best = last if _is_better(loss, last, first, (low, high)) else first
    return np.where(np.abs(best) < NOISE, np.clip(0.0, low, high), best)


def _root(
    loss: Callable[[FloatArray], tuple[float, FloatArray]], whole: FloatArray, free: Booleans
) -> FloatArray:
    """The parameters at which the gradient over the free ones is zero, the others as in `whole`."""

    def gradient(values: FloatArray) -> FloatArray:
        parameters = whole.copy()
        parameters[free] = values
        return loss(parameters)[1][free]

    found: FloatArray = root(gradient, whole[free], method="hybr", tol=TOLERANCE).x
    return found


def _is_better(
    loss: Callable[[FloatArray], tuple[float, FloatArray]],
    new: FloatArray,
    old: FloatArray,
    bounds: tuple[FloatArray, FloatArray],
) -> bool:
    """Whether the loss is no higher, and its slope within the bounds no steeper."""
    low, high = bounds
    (value, slope), (was, slope_was) = loss(new), loss(old)

    def steepest(parameters: FloatArray, slope: FloatArray) -> float:
        """Over the directions that stay within the bounds."""
        outward = ((parameters <= low) & (slope > 0)) | ((parameters >= high) & (slope < 0))
        return float(np.abs(np.where(outward, 0.0, slope)).max())

    is_lower = value <= was + ROUNDING * abs(was)
    return bool(
        np.isfinite(value) and is_lower and steepest(new, slope) <= steepest(old, slope_was)
    )
