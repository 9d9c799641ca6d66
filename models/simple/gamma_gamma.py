"""Gamma-Gamma: the mean amount of a customer's purchases, shrunk towards that of everybody.

Source: Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value". A customer's purchases
vary around a mean of their own as Gamma(p, rate ν), and ν varies over customers as Gamma(q, rate
v), whatever their frequency. Together with BG/NBD it is the field's usual model of customer value.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, psi

from core.arrays import FloatArray
from core.digits import PEAKED, to_digits
from core.errors import DataGateError
from models.probability.optimum import polished

STARTS = ((2.0, 2.0), (6.0, 4.0), (1.0, 10.0))  # p, q; v follows from the mean of the data
BOUNDS = (1e-3, 1e4)
LEAST_Q = 1.01  # with q of 1 or less the expected mean does not exist


@dataclass(frozen=True)
class GammaGamma:
    """A fitted model; `v` is in the currency of the data."""

    p: float
    q: float
    v: float

    def expected_amount(self, frequency: FloatArray, monetary_value: FloatArray) -> FloatArray:
        """Expected amount of a purchase (n,), in the currency of the data.

        `monetary_value` is the mean amount of the `frequency` repeat purchases; without any, the
        expected amount is the population's mean.
        """
        x = np.asarray(frequency, np.float64)
        total = np.where(x > 0, x * np.nan_to_num(monetary_value), 0.0)
        expected: FloatArray = self.p * (self.v + np.maximum(total, 0.0))
        return expected / (self.p * x + self.q - 1.0)

    def to_dict(self) -> dict[str, float]:
        """The three parameters by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> "GammaGamma":
        """The model with the parameters written by `to_dict`."""
        return cls(**{name: float(values[name]) for name in ("p", "q", "v")})


def fit_gamma_gamma(frequency: FloatArray, monetary_value: FloatArray) -> GammaGamma:
    """Fit by maximum likelihood on customers with a repeat purchase of more than nothing.

    Arrays (n,). L-BFGS-B on the log parameters with the analytic gradient, from several starts, the
    best one kept and polished. Raises DataGateError when there are fewer than two such customers.
    """
    x, m = np.asarray(frequency, np.float64), np.asarray(monetary_value, np.float64)
    there = (x > 0) & (m > 0) & np.isfinite(m)
    if there.sum() < 2:
        raise DataGateError(
            f"Gamma-Gamma: {int(there.sum())} of {len(x)} customers bought again for money, two "
            "are needed. Take a longer history."
        )
    x, m = x[there], m[there]
    unit = float(np.average(m, weights=x))
    m = m / unit

    def loss(log_parameters: FloatArray) -> tuple[float, FloatArray]:
        p, q, v = np.exp(log_parameters)
        px, total = p * x, x * m + v
        log_total, log_spent = np.log(total), np.log(x * m)
        value = gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(v)
        value += px * log_spent - (px + q) * log_total
        both = psi(px + q)
        gradient = np.array(
            [
                (x * (both - psi(px) + log_spent - log_total)).mean(),
                (both - psi(q) + np.log(v) - log_total).mean(),
                (q / v - (px + q) / total).mean(),
            ]
        )
        return -float(value.mean()), -gradient * np.exp(log_parameters)

    limits = [(np.log(low), np.log(BOUNDS[1])) for low in (BOUNDS[0], LEAST_Q, BOUNDS[0])]
    tried = [
        minimize(
            loss,
            np.log([p, q, (q - 1.0) / p]),  # so that the expected mean is that of the data
            jac=True,
            method="L-BFGS-B",
            bounds=limits,
            options={"maxiter": 1000, "ftol": 1e-13, "gtol": 1e-8},
        )
        for p, q in STARTS
    ]
    best = polished(loss, min(tried, key=lambda fit: fit.fun).x, limits)
    p, q, v = to_digits(np.exp(best) * [1.0, 1.0, unit], PEAKED).tolist()
    return GammaGamma(p=p, q=q, v=v)
