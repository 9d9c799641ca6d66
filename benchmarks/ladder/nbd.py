"""BG/NBD and Pareto/NBD by maximum likelihood with a small penalty, as users of Lifetimes fit them.

Sources: Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", equation 6, and
Schmittlein, Morrison & Colombo (1987). Both likelihoods are written from the definitions: a history
of x repeat purchases with the last at t_x, seen until T, either ends alive or with a death.
Whoever is silent for h more days has the history (x, t_x, T + h), so for any such model

    P(no purchase in h days | x, t_x, T) = L(x, t_x, T + h) / L(x, t_x, T)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln, logsumexp, roots_legendre

FloatArray = npt.NDArray[np.float64]
# From four parameters and a history: the log likelihood of each customer (n,).
LogLikelihood = Callable[[FloatArray, "History"], FloatArray]

PENALTY = 0.001  # on the sum of the squared parameters, beside the mean log likelihood
LONGEST = 10.0  # units of time in the longest history: the optimiser works best with small numbers
LOG_BOUNDS = (-9.0, 9.0)
STARTS = ((0.0, 0.0, 0.0, 0.0), (-0.7, 0.7, -0.7, 1.1), (0.0, 1.0, -1.5, 0.5))
NODES, WEIGHTS = roots_legendre(40)


@dataclass(frozen=True)
class History:
    """Repeat purchase days, time from the first to the last purchase and to now, one of each."""

    x: FloatArray
    t_x: FloatArray
    t: FloatArray

    def scaled(self, unit: float) -> "History":
        """The same history, with its times divided by `unit`."""
        return History(self.x, self.t_x / unit, self.t / unit)

    def later(self, days: float) -> "History":
        """The same purchases, and a silence that is longer."""
        return History(self.x, self.t_x, self.t + days)


def bg_nbd(parameters: FloatArray, history: History) -> FloatArray:
    """Log likelihood with (r, alpha, a, b): customers drop out right after a repeat purchase."""
    r, alpha, a, b = parameters
    x, t_x, t = history.x, history.t_x, history.t
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    shared += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = -(r + x) * np.log(alpha + t)
    dead = np.log(a) - np.log(b + np.maximum(x, 1.0) - 1.0) - (r + x) * np.log(alpha + t_x)
    likelihood: FloatArray = shared + np.logaddexp(alive, np.where(x > 0, dead, -np.inf))
    return likelihood


def pareto_nbd(parameters: FloatArray, history: History) -> FloatArray:
    """Log likelihood with (r, alpha, s, beta): a customer may drop out at any time.

    The time of dropping out, between t_x and T, is integrated over v = ((alpha + t_x) / (alpha +
    death))^(r + x), which is even where there are many purchases.
    """
    r, alpha, s, beta = parameters
    x, t_x, t = history.x, history.t_x, history.t
    k = r + x
    shared = gammaln(k) - gammaln(r) + r * np.log(alpha)
    alive = -k * np.log(alpha + t) - s * (np.log(beta + t) - np.log(beta))
    lowest = np.exp(k * (np.log(alpha + t_x) - np.log(alpha + t)))
    half = (1.0 - lowest) / 2.0
    v = lowest[:, None] + half[:, None] * (NODES + 1.0)
    with np.errstate(divide="ignore"):
        log_v, log_half = np.log(v), np.log(half)
    death = np.exp(np.log(alpha + t_x)[:, None] - log_v / k[:, None]) - alpha
    density = np.log(s) + s * np.log(beta) - (s + 1.0) * np.log(beta + np.maximum(death, 0.0))
    inner = logsumexp(density - log_v / k[:, None], axis=1, b=WEIGHTS)
    dead = inner + log_half - np.log(k) + (1.0 - k) * np.log(alpha + t_x)
    likelihood: FloatArray = shared + np.logaddexp(alive, dead)
    return likelihood


@dataclass(frozen=True)
class Fitted:
    """A model with its parameters; times are in units of `unit` days."""

    log_likelihood: LogLikelihood
    parameters: FloatArray
    unit: float

    def p_no_purchase(self, horizon_days: float, history: History) -> FloatArray:
        """Probability (n,) of no purchase in the days to come."""
        now = history.scaled(self.unit)
        then = now.later(horizon_days / self.unit)
        silent = self.log_likelihood(self.parameters, then)
        p: FloatArray = np.exp(silent - self.log_likelihood(self.parameters, now))
        return np.clip(p, 0.0, 1.0)


def fit(log_likelihood: LogLikelihood, history: History, penalty: float = PENALTY) -> Fitted | None:
    """The parameters of the highest penalised likelihood; None where nobody bought twice."""
    if not (history.x > 0).any():
        return None
    unit = float(history.t.max()) / LONGEST
    rows, counts = np.unique(
        np.column_stack([history.x, history.t_x / unit, history.t / unit]),
        axis=0,
        return_counts=True,
    )
    distinct = History(*rows.T)

    def loss(log_parameters: FloatArray) -> float:
        parameters = np.exp(log_parameters)
        mean = float(counts @ log_likelihood(parameters, distinct)) / counts.sum()
        return penalty * float(parameters @ parameters) - mean

    tried = [minimize(loss, start, method="L-BFGS-B", bounds=[LOG_BOUNDS] * 4) for start in STARTS]
    best = min(tried, key=lambda one: float(one.fun))
    return Fitted(log_likelihood, np.exp(best.x), unit)
