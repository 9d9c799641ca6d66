"""Pareto/NBD: purchases of customers who may silently drop out at any time.

Source: Schmittlein, Morrison & Colombo (1987), "Counting Your Customers: Who Are They and What Will
They Do Next?", Management Science 33(1). A customer buys as a Poisson process of rate λ while
alive, and lives for an exponential time of rate μ; λ ~ Gamma(r, rate α) and μ ~ Gamma(s, rate β)
vary over customers independently. Unlike in BG/NBD, a one-time buyer may have dropped out.

Apart from factors that do not depend on how a history ends, its likelihood is

    (α+T)^-(r+x) (β+T)^-s + s ∫ from t_x to T of (α+y)^-(r+x) (β+y)^-(s+1) dy

The integral is taken numerically: its closed form, a difference of two 2F1, loses all digits for
frequent buyers. A history without a purchase up to T+h has the likelihood of the same history
observed for h longer, so P(no purchase in h) is the ratio of the two.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln, roots_legendre

FloatArray = npt.NDArray[np.float64]

NODES = 16  # of the quadrature, on log(α + β + y): six digits
STARTS = ((1.0, 0.7), (0.4, 0.4))  # (r, s)
# × the sum of the squared parameters, beside the mean log likelihood, with time in tenths of the
# last T: the usual penalty when buy-till-you-die models are fitted to few customers.
PENALTY = 1e-3
BOUNDS = (1e-4, 1e4)
MOST_CUSTOMERS = 1_000  # to fit on, every k-th of more: four parameters need no more


@dataclass(frozen=True)
class ParetoNbd:
    """A fitted Pareto/NBD; `alpha` and `beta` in days when it was fitted on days."""

    r: float
    alpha: float
    s: float
    beta: float

    def p_no_purchase(
        self,
        horizon_days: float,
        frequency: FloatArray,
        recency: FloatArray,
        T: FloatArray,  # noqa: N803
    ) -> FloatArray:
        """Probability of no purchase in the `horizon_days` after T, (n,)."""
        parameters = np.array([self.r, self.alpha, self.s, self.beta])
        longer = _log_end(parameters, frequency, recency, T + horizon_days)
        now = _log_end(parameters, frequency, recency, T)
        silent: FloatArray = np.exp(np.minimum(longer - now, 0.0))
        return silent

    def to_dict(self) -> dict[str, float]:
        """The four parameters by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> "ParetoNbd":
        """The model with the parameters written by `to_dict`."""
        return cls(**{name: float(values[name]) for name in ("r", "alpha", "s", "beta")})


def fit_pareto_nbd(frequency: FloatArray, recency: FloatArray, T: FloatArray) -> ParetoNbd:  # noqa: N803
    """Fit by maximum likelihood with a small penalty, from two starts, the best one kept.

    Arrays (n,), times in days; customers with the same triple are counted once with a weight.
    """
    triples = np.column_stack([frequency, recency, T]).astype(np.float64)
    triples = triples[:: max(1, len(triples) // MOST_CUSTOMERS)]
    unit = float(triples[:, 2].max()) / 10.0
    rows, counts = np.unique(triples, axis=0, return_counts=True)
    x, t_x, t = rows[:, 0], rows[:, 1] / unit, rows[:, 2] / unit
    weight = counts / counts.sum()

    def loss(log_parameters: FloatArray) -> float:
        r, alpha, s, beta = parameters = np.exp(log_parameters)
        start = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        told = float(weight @ (start + _log_end(parameters, x, t_x, t)))
        return -told + PENALTY * float(parameters @ parameters)

    rate = max(float((weight @ x) / (weight @ t)), 1e-6)
    tried = [
        minimize(
            loss,
            np.log([r, np.clip(r / rate, *BOUNDS), s, 5.0]),
            method="L-BFGS-B",
            bounds=[tuple(np.log(BOUNDS))] * 4,
        )
        for r, s in STARTS
    ]
    r, alpha, s, beta = (float(value) for value in np.exp(min(tried, key=lambda one: one.fun).x))
    return ParetoNbd(r=r, alpha=alpha * unit, s=s, beta=beta * unit)


def _log_end(parameters: FloatArray, x: FloatArray, t_x: FloatArray, t: FloatArray) -> FloatArray:
    """Log of the part of the likelihood (n,) that depends on how the history ends."""
    r, alpha, s, beta = parameters
    alive = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
    nodes, weights = roots_legendre(NODES)
    both = alpha + beta
    low, high = np.log(both + t_x), np.log(both + t)
    half = (high - low) / 2.0
    v = low[:, None] + half[:, None] * (nodes + 1.0)
    y = np.exp(v) - both
    log_terms = -(r + x)[:, None] * np.log(alpha + y) - (s + 1.0) * np.log(beta + y) + v
    most = log_terms.max(axis=1)
    inside = (np.exp(log_terms - most[:, None]) @ weights) * half * s
    gone = most + np.log(np.maximum(inside, np.finfo(np.float64).tiny))
    end: FloatArray = np.logaddexp(alive, gone)
    return end
