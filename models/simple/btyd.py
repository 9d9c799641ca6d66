"""BG/NBD: purchases of customers who may silently drop out after any purchase.

Source: Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way: An Alternative to the
Pareto/NBD Model", Marketing Science 24(2). A customer buys as a Poisson process of rate λ while
alive, and drops out after each purchase with probability p; λ ~ Gamma(r, rate α) and p ~ Beta(a, b)
vary over customers independently.

The inputs are the usual triple of the field: `frequency` (repeat purchase days), `recency` (days
from the first to the last purchase) and `T` (days from the first purchase to the as-of date).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import betaincinv, expit, gammaln, hyp2f1, psi, roots_legendre

from core.arrays import FloatArray
from core.digits import FLAT, to_digits
from core.errors import DataGateError
from models.probability.optimum import polished

# (r, a, b); α follows from r, so that every start has the mean purchase rate of the data.
STARTS = ((1.0, 1.0, 2.0), (0.3, 0.5, 3.0), (2.0, 0.2, 5.0))
ROWS_TO_CHOOSE_START = 5_000
# Bounds in place of a penalty: where nobody drops out, or all buy at one rate, the likelihood has
# its maximum at infinity, but predictions stop changing long before. α is in units of the mean T.
BOUNDS = (1e-4, 1e4)
# Equation 10 is 0 / 0 where a = 1 or a + b + x = 1; this far from it the error is below 1e-7.
NUDGE = 1e-6


@dataclass(frozen=True)
class BgNbd:
    """A fitted BG/NBD model; `alpha` in days when it was fitted on days.

    Every method takes arrays of one shape and returns an array of that shape.
    """

    r: float
    alpha: float
    a: float
    b: float

    def p_alive(self, frequency: FloatArray, recency: FloatArray, T: FloatArray) -> FloatArray:  # noqa: N803
        """Probability that a customer has not dropped out by T.

        Without a repeat purchase it is 1: here dropping out happens only after a repeat purchase.
        Source: Fader, Hardie & Lee (2008), "Computing P(alive) Using the BG/NBD Model".
        """
        x = np.asarray(frequency, np.float64)
        log_odds_dead = (
            np.log(self.a)
            - np.log(self.b + np.maximum(x, 1.0) - 1.0)
            + (self.r + x) * (np.log(self.alpha + T) - np.log(self.alpha + recency))
        )
        alive: FloatArray = np.where(x > 0, expit(-log_odds_dead), 1.0)
        return alive

    def p_no_purchase(
        self,
        horizon_days: float,
        frequency: FloatArray,
        recency: FloatArray,
        T: FloatArray,  # noqa: N803
    ) -> FloatArray:
        """Probability of no purchase in the `horizon_days` after T, exact.

        Given alive at T, the likelihood of the history is proportional to λ^x e^(-λT) (1-p)^x, so
        λ is Gamma(r + x, α + T) whatever p is. While alive, nobody drops out before the next
        purchase, hence P(none in h | alive) = E[e^(-λh)] = ((α + T) / (α + T + h))^(r + x). Whoever
        has dropped out buys nothing: P = 1 - P(alive) + P(alive) E[e^(-λh)].
        """
        alive = self.p_alive(frequency, recency, T)
        return 1.0 - alive + alive * self.p_silent_while_alive(horizon_days, frequency, T)

    def p_silent_while_alive(
        self,
        horizon_days: float,
        frequency: FloatArray,
        T: FloatArray,  # noqa: N803
    ) -> FloatArray:
        """Probability of no purchase in the `horizon_days` after T, of who is alive at T."""
        x = np.asarray(frequency, np.float64)
        silent: FloatArray = np.exp((self.r + x) * -np.log1p(horizon_days / (self.alpha + T)))
        return silent

    def expected_purchases(
        self,
        horizon_days: float,
        frequency: FloatArray,
        recency: FloatArray,
        T: FloatArray,  # noqa: N803
    ) -> FloatArray:
        """Expected purchase days in the `horizon_days` after T (equation 10)."""
        x = np.asarray(frequency, np.float64)
        ratio = horizon_days / (self.alpha + T)
        while_alive = self._closed_form(x, ratio)
        # The result lies between the probability of one purchase and the purchases of a customer
        # who never drops out; outside, 2F1 has failed, as it does for parameters in the thousands
        # and z near 1.
        least, most = -np.expm1(-(self.r + x) * np.log1p(ratio)), (self.r + x) * ratio
        failed = ~((while_alive >= least * (1 - 1e-6)) & (while_alive <= most * (1 + 1e-6)))
        if failed.any():
            while_alive[failed] = self._by_quadrature(x[failed], ratio[failed])
        return while_alive * self.p_alive(frequency, recency, T)

    def _closed_form(self, x: FloatArray, ratio: FloatArray) -> FloatArray:
        """Equation 10 given alive, by Euler's transformation of 2F1 where that is the finite form.

        The published form overflows for frequent buyers, the transformed one where nearly all
        customers drop out at once.
        """
        a = self.a + NUDGE if abs(self.a - 1.0) < NUDGE else self.a
        last = a + self.b + x - 1.0
        last = np.where(np.abs(last) < NUDGE, NUDGE, last)
        z = ratio / (1.0 + ratio)
        bought = self.r + x
        printed = bought < a - 1.0
        with np.errstate(over="ignore", invalid="ignore"):
            term = (1.0 - z) ** np.where(printed, bought, a - 1.0) * hyp2f1(
                np.where(printed, bought, last - bought),
                np.where(printed, self.b + x, a - 1.0),
                last,
                z,
            )
            expected: FloatArray = last / (a - 1.0) * (1.0 - term)
        return expected

    def _by_quadrature(self, x: FloatArray, ratio: FloatArray) -> FloatArray:
        """The same as the mean over p ~ Beta(a, b + x) of (1 - (1 + p h/(α+T))^-(r+x)) / p."""
        nodes, weights = roots_legendre(64)
        p = betaincinv(self.a, self.b + x[:, None], (nodes + 1.0) / 2.0)
        p = np.maximum(p, np.finfo(np.float64).tiny)
        mean: FloatArray = (
            -np.expm1(-(self.r + x[:, None]) * np.log1p(p * ratio[:, None])) / p
        ) @ (weights / 2.0)
        return mean

    def to_dict(self) -> dict[str, float]:
        """The four parameters by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> "BgNbd":
        """The model with the parameters written by `to_dict`."""
        return cls(**{name: float(values[name]) for name in ("r", "alpha", "a", "b")})


def fit_bg_nbd(
    frequency: FloatArray,
    recency: FloatArray,
    T: FloatArray,  # noqa: N803
    penalty: float = 0.0,
) -> BgNbd:
    """Fit BG/NBD by maximum likelihood, less `penalty` × the sum of the squared parameters.

    With few customers the parameters run away to values at which all customers are alike. The
    penalty, for which α counts in tenths of the longest T, prevents that, so that a rare repeat
    buyer still counts.

    Arrays (n,), times in days; customers with the same triple are counted once with a weight.
    L-BFGS-B on the log parameters with the analytic gradient, from several starts, the best one
    kept and polished. Raises DataGateError when no customer bought on two days: λ and p cannot be
    told apart.
    """
    triples = np.column_stack([frequency, recency, T]).astype(np.float64)
    if not (triples[:, 0] > 0).any():
        raise DataGateError(
            f"BG/NBD: none of the {len(triples)} customers bought on two different days, so there "
            "is no rhythm to learn. Take a longer history."
        )
    unit = float(triples[:, 2].mean())
    rows, counts = np.unique(triples, axis=0, return_counts=True)
    rows[:, 1:] /= unit
    history = _History.of(rows)
    weight = counts / counts.sum()
    rate = float((weight @ history.x) / (weight @ history.t))
    few = slice(None, None, max(1, len(rows) // ROWS_TO_CHOOSE_START))
    starts = [_at_rate(rate, *start) for start in STARTS]
    tenths = 10.0 * unit / float(triples[:, 2].max())
    held = _Penalty(penalty, np.array([1.0, tenths, 1.0, 1.0]))
    tried = [_minimise(start, _History.of(rows[few]), weight[few], held) for start in starts]
    best = min(tried, key=lambda fit: fit[0])[1]
    r, alpha, a, b = to_digits(np.exp(_minimise(best, history, weight, held)[1]), FLAT).tolist()
    return BgNbd(r=r, alpha=to_digits(alpha * unit, FLAT), a=a, b=b)


def log_likelihood(model: BgNbd, triples: FloatArray) -> FloatArray:
    """Log-likelihood of each customer (n,) given rows of frequency, recency, T (n, 3).

    Equation 6 as a sum of logs: the two ways a history can end, alive or dropped out.
    """
    parameters = np.array([model.r, model.alpha, model.a, model.b])
    start, alive, dead = _terms(parameters, _History.of(triples))
    total: FloatArray = start + np.logaddexp(alive, dead)
    return total


def _at_rate(rate: float, r: float, a: float, b: float) -> FloatArray:
    """Log parameters whose mean purchase rate is `rate`."""
    return np.log([r, min(r / rate, BOUNDS[1]), a, b])


@dataclass(frozen=True)
class _Penalty:
    """A penalty on the squared parameters, each in a unit of its own."""

    weight: float
    unit: FloatArray

    def __call__(self, log_parameters: FloatArray) -> tuple[float, FloatArray]:
        """The penalty and its gradient over the log parameters."""
        squares = (np.exp(log_parameters) * self.unit) ** 2
        gradient: FloatArray = 2.0 * self.weight * squares
        return self.weight * float(squares.sum()), gradient


@dataclass(frozen=True)
class _History:
    """Customers' triples; the slow gamma functions are computed once per purchase count."""

    x: FloatArray
    t_x: FloatArray
    t: FloatArray
    counts: FloatArray
    place: npt.NDArray[np.intp]

    @classmethod
    def of(cls, rows: FloatArray) -> "_History":
        counts, place = np.unique(rows[:, 0], return_inverse=True)
        return cls(rows[:, 0], rows[:, 1], rows[:, 2], counts, place)


def _minimise(
    start: FloatArray, history: _History, weight: FloatArray, held: _Penalty
) -> tuple[float, FloatArray]:
    """Lowest loss and the log parameters it is reached at."""
    share = weight / weight.sum()

    def loss(log_parameters: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = _loss(log_parameters, history, share)
        if not held.weight:
            return value, gradient
        penalty, slope = held(log_parameters)
        return value + penalty, gradient + slope

    bounds = [(np.log(BOUNDS[0]), np.log(BOUNDS[1]))] * 4
    result = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 1000, "ftol": 1e-13, "gtol": 1e-8},
    )
    return float(result.fun), polished(loss, result.x, bounds)


def _terms(parameters: FloatArray, history: _History) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The term that every history has, and the logs of its two possible endings."""
    r, alpha, a, b = parameters
    x = history.counts
    start = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    start += gammaln(a + b) - gammaln(a + b + x) + gammaln(b + x) - gammaln(b)
    drop = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1.0) - 1.0), -np.inf)
    alive = -(r + history.x) * np.log(alpha + history.t)
    dead = drop[history.place] - (r + history.x) * np.log(alpha + history.t_x)
    return start[history.place], alive, dead


def _loss(
    log_parameters: FloatArray, history: _History, weight: FloatArray
) -> tuple[float, FloatArray]:
    """Mean negative log-likelihood and its gradient over the log parameters."""
    parameters = np.exp(log_parameters)
    r, alpha, a, b = parameters
    start, alive, dead = _terms(parameters, history)
    total = np.logaddexp(alive, dead)
    p_alive, p_dead = np.exp(alive - total), np.exp(dead - total)
    at_t, at_t_x = alpha + history.t, alpha + history.t_x
    log_time = p_alive * np.log(at_t) + p_dead * np.log(at_t_x)
    per_time = p_alive / at_t + p_dead / at_t_x
    per_count = np.bincount(history.place, weight)
    dead_count = np.bincount(history.place, weight * p_dead)
    x = history.counts
    spread = per_count @ (psi(a + b) - psi(a + b + x))
    gradient = np.array(
        [
            per_count @ psi(r + x) - psi(r) + np.log(alpha) - weight @ log_time,
            r / alpha - weight @ ((r + history.x) * per_time),
            spread + dead_count.sum() / a,
            spread
            + per_count @ (psi(b + x) - psi(b))
            - dead_count @ (1.0 / (b + np.maximum(x, 1.0) - 1.0)),
        ]
    )
    return -float(weight @ (start + total)), -gradient * parameters
