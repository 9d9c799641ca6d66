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
from scipy.optimize import minimize
from scipy.special import gammaln, psi, roots_legendre

from core.arrays import FloatArray
from core.digits import FLAT, to_digits
from models.probability.optimum import polished

NODES = 16  # of the quadrature, on log(α + β + y): six digits
STARTS = ((1.0, 0.7), (0.4, 0.4))  # (r, s)
# × the sum of the squared parameters, beside the mean log likelihood, with time in tenths of the
# last T: the usual penalty when buy-till-you-die models are fitted to few customers.
PENALTY = 1e-3
BOUNDS = (1e-4, 1e4)
_AT, _WEIGHTS = roots_legendre(NODES)
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
    """Fit by maximum likelihood with a small penalty, from two starts; the best fit is polished.

    Arrays (n,), times in days; customers with the same triple are counted once with a weight.
    """
    triples = np.column_stack([frequency, recency, T]).astype(np.float64)
    triples = triples[:: max(1, len(triples) // MOST_CUSTOMERS)]
    unit = float(triples[:, 2].max()) / 10.0
    rows, counts = np.unique(triples, axis=0, return_counts=True)
    x, t_x, t = rows[:, 0], rows[:, 1] / unit, rows[:, 2] / unit
    weight = counts / counts.sum()

    def loss(log_parameters: FloatArray) -> tuple[float, FloatArray]:
        r, alpha, s, beta = parameters = np.exp(log_parameters)
        start = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        end = _End.of(parameters, x, t_x, t)
        log_likelihood = float(weight @ (start + np.logaddexp(*end.logs())))
        slope = end.slopes() @ weight
        slope += [weight @ psi(r + x) - psi(r) + np.log(alpha), r / alpha, np.log(beta), s / beta]
        penalty = PENALTY * float(parameters @ parameters)
        return penalty - log_likelihood, (2.0 * PENALTY * parameters - slope) * parameters

    bounds = [tuple(np.log(BOUNDS))] * 4
    rate = max(float((weight @ x) / (weight @ t)), 1e-6)
    tried = [
        minimize(
            loss,
            np.log([r, np.clip(r / rate, *BOUNDS), s, 5.0]),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
        )
        for r, s in STARTS
    ]
    best = polished(loss, min(tried, key=lambda fit: fit.fun).x, bounds)
    r, alpha, s, beta = to_digits(np.exp(best) * [1.0, unit, 1.0, unit], FLAT).tolist()
    return ParetoNbd(r=r, alpha=alpha, s=s, beta=beta)


@dataclass(frozen=True)
class _End:
    """Ends of the histories at parameters r, α, s, β: the integral at its nodes, (n, NODES).

    `shares` are the parts of the integral at each node, relative to the largest; `v` is log(α + β +
    y).
    """

    parameters: FloatArray
    histories: tuple[FloatArray, FloatArray, FloatArray]
    shares: FloatArray
    most: FloatArray
    v: FloatArray
    half: FloatArray

    @classmethod
    def of(cls, parameters: FloatArray, x: FloatArray, t_x: FloatArray, t: FloatArray) -> "_End":
        r, alpha, s, beta = parameters
        both = alpha + beta
        low, high = np.log(both + t_x), np.log(both + t)
        half = (high - low) / 2.0
        v = low[:, None] + half[:, None] * (_AT + 1.0)
        y = np.exp(v) - both
        log_terms = -(r + x)[:, None] * np.log(alpha + y) - (s + 1.0) * np.log(beta + y) + v
        most = log_terms.max(axis=1)
        shares = np.exp(log_terms - most[:, None]) * _WEIGHTS
        return cls(parameters, (x, t_x, t), shares, most, v, half)

    def logs(self) -> tuple[FloatArray, FloatArray]:
        """Logs (n,) of the two ways a history can end: alive, and gone."""
        r, alpha, s, beta = self.parameters
        x, _, t = self.histories
        alive = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
        inside = self.shares.sum(axis=1) * self.half * s
        return alive, self.most + np.log(np.maximum(inside, np.finfo(np.float64).tiny))

    def slopes(self) -> FloatArray:
        """Derivatives (4, n) of `_log_end`, including those of the nodes."""
        r, alpha, s, beta = self.parameters
        x, t_x, t = self.histories
        both = alpha + beta
        at = np.exp(self.v)
        y = at - both
        share = self.shares / self.shares.sum(axis=1, keepdims=True)
        # Both α and β move the ends of the integral on its scale, and with them every node.
        low_by, high_by = 1.0 / (both + t_x), 1.0 / (both + t)
        half_by = (high_by - low_by) / 2.0
        v_by = low_by[:, None] + half_by[:, None] * (_AT + 1.0)
        wider = np.divide(half_by, self.half, out=np.zeros_like(self.half), where=self.half > 0)
        bought, lived = -(r + x)[:, None] / (alpha + y), -(s + 1.0) / (beta + y)
        moved = (bought + lived) * (at * v_by - 1.0) + v_by
        gone = [
            -(share * np.log(alpha + y)).sum(axis=1),
            (share * (moved + bought)).sum(axis=1) + wider,
            1.0 / s - (share * np.log(beta + y)).sum(axis=1),
            (share * (moved + lived)).sum(axis=1) + wider,
        ]
        alive = [-np.log(alpha + t), -(r + x) / (alpha + t), -np.log(beta + t), -s / (beta + t)]
        log_alive, log_gone = self.logs()
        p_gone = np.exp(log_gone - np.logaddexp(log_alive, log_gone))
        found: FloatArray = p_gone * np.stack(gone) + (1.0 - p_gone) * np.stack(alive)
        return found


def _log_end(parameters: FloatArray, x: FloatArray, t_x: FloatArray, t: FloatArray) -> FloatArray:
    """Log of the part of the likelihood (n,) that depends on how the history ends."""
    end: FloatArray = np.logaddexp(*_End.of(parameters, x, t_x, t).logs())
    return end
