"""The level of business by week: smoothed over the past, foretold with its own uncertainty.

Log levels of weeks are a Gaussian process (Rasmussen & Williams 2006, Gaussian Processes for
Machine Learning, ch. 2 and 4): a constant, a level that wanders and returns (Ornstein-Uhlenbeck), a
yearly shape that repeats (periodic kernel, eq. 4.31) where a year has been seen, an effect for each
kind of special day, and noise of two parts: of counting orders, and of the weeks themselves. How
strong each is, nobody knows of a company beforehand: answers of a grid of strengths are averaged by
what they make of the data and by priors. Weeks far off what is expected count less, as under
Student's t (Lange, Little & Taylor 1989, JASA 84).

What has not been seen stays unknown: with one December there is a yearly shape, shrunken, with a
wide interval; with less than a year there is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from core.arrays import FloatArray

YEAR = 365.2425  # mean days of the Gregorian year
TYPICAL = {"wanders": 0.1, "noise": 0.06, "season": 0.12}  # medians of log-normal priors
SPREAD = 0.8  # of those, in logs
NO_SEASON = -1.0  # log prior of a company without a yearly shape
SMOOTH = 0.35  # length of the yearly shape's kernel: bumps of three weeks or so
YEARS_ALIKE = 10.0  # after so many, a yearly shape is alike by 1/e
CONSTANT = 1.0  # variance of the mean log level: any value
SPECIAL = 1.0  # of the effect on a week of seven special days, in logs
FREEDOM = 4.0  # of Student's t
REWEIGHTED = 3  # times
NEGLIGIBLE = 1e-3  # share of an answer that is left out
LIMIT = 2.5  # a level is at most twelve times the usual, or a twelfth of it (log)
ONE_ORDER = 1.0  # keeps a week without orders finite


class Grid(NamedTuple):
    """The wandering level's spreads (log) and memories (days), the noise of a week, the spreads of
    the yearly shape.
    """

    wanders: tuple[float, ...]
    memory: tuple[float, ...]
    noise: tuple[float, ...]
    season: tuple[float, ...]


COMPANY = Grid((0.04, 0.1, 0.25), (90.0, 360.0), (0.03, 0.08, 0.2), (0.08, 0.2, 0.5, 1.2))
# Of a category beside its company.
CATEGORY = Grid((0.04, 0.15), (90.0,), (0.03, 0.1), (0.1, 0.3))


class Strength(NamedTuple):
    """One place of the grid, with its log prior."""

    wanders: float
    memory: float
    noise: float
    season: float
    log_prior: float


@dataclass(frozen=True)
class Observed:
    """Log levels of weeks with their counting variance, (n,); middles in days; special days (n, k).

    `special` is the share of each week that is special, by kind;
    `prior_effect` (k,) is the effect of seven special days of a kind that is expected beforehand.
    """

    middle: FloatArray
    level: FloatArray
    variance: FloatArray
    special: FloatArray
    prior_effect: FloatArray


@dataclass(frozen=True)
class Foretold:
    """The log level at some days, without special ones: mean (m,) and covariance (m, m).

    `noise` is the variance of a single week beside its level; `effects` (k,) are of seven special
    days of each kind; `season_share` is the weight of the answers with a yearly shape.
    """

    mean: FloatArray
    covariance: FloatArray
    noise: float
    effects: FloatArray
    season_share: float


def foretell(
    observed: Observed, days: FloatArray, with_season: bool, grid: Grid = COMPANY
) -> Foretold:
    """The level at `days` (m,), given what was observed."""
    strengths = list(_grid(with_season, grid))
    weight = np.ones(len(observed.level))
    for _ in range(REWEIGHTED):
        answer = _averaged(observed, observed.middle, strengths, weight)
        fitted = answer.mean + observed.special @ answer.effects
        off = (observed.level - fitted) ** 2 / (observed.variance + answer.noise)
        weight = np.minimum((FREEDOM + 1.0) / (FREEDOM + off), 1.0)
    return _averaged(observed, days, strengths, weight)


def _grid(with_season: bool, grid: Grid) -> Iterator[Strength]:
    for wanders in grid.wanders:
        for memory in grid.memory:
            for noise in grid.noise:
                own = _log_normal(wanders, "wanders") + _log_normal(noise, "noise")
                if not with_season:
                    yield Strength(wanders, memory, noise, 0.0, own)
                    continue
                yield Strength(wanders, memory, noise, 0.0, own + NO_SEASON)
                for season in grid.season:
                    more = _log_normal(season, "season")
                    yield Strength(wanders, memory, noise, season, own + more)


def _log_normal(value: float, name: str) -> float:
    return float(-0.5 * (np.log(value / TYPICAL[name]) / SPREAD) ** 2)


class _Solved(NamedTuple):
    """One place of the grid: its evidence (log), and what its answers are computed from."""

    strength: Strength
    evidence: float
    root: FloatArray
    half: FloatArray


def _averaged(
    observed: Observed, days: FloatArray, strengths: list[Strength], weight: FloatArray
) -> Foretold:
    """The mean answer of the grid, weighted by marginal likelihood and prior."""
    solved = [_solved(observed, strength, weight) for strength in strengths]
    best = max(one.evidence for one in solved)
    share = np.array([np.exp(one.evidence - best) for one in solved])
    share = np.where(share / share.sum() < NEGLIGIBLE, 0.0, share)
    share /= share.sum()
    answers = [
        (part, *_answer(observed, days, one))
        for part, one in zip(share, solved, strict=True)
        if part
    ]
    mean: FloatArray = np.sum([part * found for part, found, _, _ in answers], axis=0)
    covariance: FloatArray = np.sum(
        [part * (own + np.outer(found - mean, found - mean)) for part, found, own, _ in answers],
        axis=0,
    )
    effects: FloatArray = np.sum([part * effects for part, _, _, effects in answers], axis=0)
    return Foretold(
        mean,
        covariance,
        float(sum(p * one.noise**2 for p, one in zip(share, strengths, strict=True))),
        effects,
        float(sum(p for p, one in zip(share, strengths, strict=True) if one.season)),
    )


def _solved(observed: Observed, strength: Strength, weight: FloatArray) -> _Solved:
    centred = observed.level - observed.special @ observed.prior_effect
    covariance = _kernel(observed.middle, observed.middle, strength)
    covariance += SPECIAL**2 * observed.special @ observed.special.T
    covariance += np.diag((observed.variance + strength.noise**2) / weight)
    root = np.asarray(np.linalg.cholesky(covariance), np.float64)
    half = np.asarray(solve_triangular(root, centred, lower=True), np.float64)
    evidence = -0.5 * half @ half - np.log(np.diag(root)).sum() + strength.log_prior
    return _Solved(strength, float(evidence), root, half)


def _answer(
    observed: Observed, days: FloatArray, solved: _Solved
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean (m,), covariance (m, m) and effects (k,) of one place of the grid."""
    across = _kernel(days, observed.middle, solved.strength)
    known = solve_triangular(solved.root, across.T, lower=True)
    special = solve_triangular(solved.root, SPECIAL**2 * observed.special, lower=True)
    effects = observed.prior_effect + special.T @ solved.half
    covariance = _kernel(days, days, solved.strength) - known.T @ known
    return known.T @ solved.half, covariance, effects


def _kernel(one: FloatArray, other: FloatArray, strength: Strength) -> FloatArray:
    apart = np.abs(one[:, None] - other[None, :])
    found: FloatArray = CONSTANT + strength.wanders**2 * np.exp(-apart / strength.memory)
    if strength.season:
        turn = np.exp(-2.0 * (np.sin(np.pi * apart / YEAR) / SMOOTH) ** 2)
        found = found + strength.season**2 * turn * np.exp(-apart / (YEAR * YEARS_ALIKE))
    return found
