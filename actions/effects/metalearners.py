"""The usual learners on LightGBM: S, T, X (Künzel et al. 2019, PNAS 116(10)) and DR (Kennedy 2023).

All actions share one model, which has the action among its inputs. Each learner is fitted once for
each fold of customers left out. The effect is the mean of these fits, its standard deviation that
of the jackknife over folds: how far it depends on who happened to be among the customers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from actions.effects.nuisance import boost
from actions.effects.randomised import Data, Effects, LearnerParams, Prior, fold_of
from core.arrays import FloatArray, IntArray, blocks

Effect = Callable[[FloatArray], FloatArray]  # traits, stake, action (n, columns) to effects (n,)
Learn = Callable[[Data, LearnerParams], Effect]


@dataclass(frozen=True)
class FoldEffects:
    """One fit for each fold left out."""

    fits: tuple[Effect, ...]
    actions: int

    @property
    def learned(self) -> FloatArray:
        """All there is to know: nothing was assumed before."""
        return np.ones(self.actions)

    def effect(self, x: FloatArray, stake: FloatArray | None = None) -> Effects:
        """Mean and jackknife standard deviation, as in `Fitted`."""
        stakes = np.ones(len(x)) if stake is None else stake
        return Effects.together(
            _jackknife(self._each(x[rows], stakes[rows])) for rows in blocks(len(x))
        )

    def own(self, x: FloatArray, action: IntArray) -> FloatArray:
        """As in `Fitted`: trees are asked once for each row, not once for each action."""
        inputs = np.column_stack([x, np.ones(len(x)), action])
        return np.asarray(np.stack([fit(inputs) for fit in self.fits]).mean(axis=0))

    def average(self, x: FloatArray) -> Effects:
        """Mean effect over the customers, as in `Fitted`."""
        ones = np.ones(len(x))
        sums = [
            self._each(x[rows], ones[rows]).sum(axis=1, keepdims=True) for rows in blocks(len(x))
        ]
        return _jackknife(np.sum(sums, axis=0) / len(x))

    def _each(self, x: FloatArray, stakes: FloatArray) -> FloatArray:
        """The effects of every fit (fits, n, actions)."""
        inputs = [
            np.column_stack([x, stakes, np.full(len(x), action)]) for action in range(self.actions)
        ]
        return np.stack([np.stack([fit(one) for one in inputs], axis=1) for fit in self.fits])


def _jackknife(each: FloatArray) -> Effects:
    mean = each.mean(axis=0)
    spread = ((each - mean) ** 2).sum(axis=0)
    return Effects(mean, np.sqrt((len(each) - 1) / len(each) * spread))


def fit_s(data: Data, prior: Prior, params: LearnerParams) -> FoldEffects:
    """One model of the outcome with the treatment among its inputs."""
    return _left_out(data, prior, params, _learn_s)


def fit_t(data: Data, prior: Prior, params: LearnerParams) -> FoldEffects:
    """A model of the treated and one of the withheld; the effect is their difference."""
    return _left_out(data, prior, params, _learn_t)


def fit_x(data: Data, prior: Prior, params: LearnerParams) -> FoldEffects:
    """Models of what each arm differs from the other's model, weighted by the propensity."""
    return _left_out(data, prior, params, _learn_x)


def fit_dr(data: Data, prior: Prior, params: LearnerParams) -> FoldEffects:
    """A model of doubly robust scores, whose outcome models are cross-fitted."""
    return _left_out(data, prior, params, _learn_dr)


def _left_out(data: Data, prior: Prior, params: LearnerParams, learn: Learn) -> FoldEffects:
    fold = fold_of(data, params.folds, params.seed)
    fits = tuple(learn(data.rows(fold != one), params) for one in range(params.folds))
    return FoldEffects(fits, len(prior.low))


def _inputs(data: Data) -> FloatArray:
    return np.column_stack([data.x, data.stakes, data.action])


def _model(data: Data, target: FloatArray, params: LearnerParams) -> Effect:
    booster = boost(_inputs(data), target, params.seed, params.threads)
    return lambda inputs: np.asarray(booster.predict(inputs, num_threads=params.threads))


def _learn_s(data: Data, params: LearnerParams) -> Effect:
    inputs = np.column_stack([data.treated, _inputs(data)])
    booster = boost(inputs, data.outcome, params.seed, params.threads)

    def effect(inputs: FloatArray) -> FloatArray:
        made, withheld = (
            booster.predict(
                np.column_stack([np.full(len(inputs), arm), inputs]), num_threads=params.threads
            )
            for arm in (1.0, 0.0)
        )
        return np.asarray(made - withheld)

    return effect


def _arms(data: Data, params: LearnerParams) -> tuple[Effect, Effect]:
    """Models of the outcome of the withheld and of the treated."""
    withheld, made = data.rows(~data.treated), data.rows(data.treated)
    return _model(withheld, withheld.outcome, params), _model(made, made.outcome, params)


def _learn_t(data: Data, params: LearnerParams) -> Effect:
    withheld, made = _arms(data, params)
    return lambda inputs: made(inputs) - withheld(inputs)


def _learn_x(data: Data, params: LearnerParams) -> Effect:
    withheld, made = _arms(data, params)
    treated, rest = data.rows(data.treated), data.rows(~data.treated)
    of_treated = _model(treated, treated.outcome - withheld(_inputs(treated)), params)
    of_rest = _model(rest, made(_inputs(rest)) - rest.outcome, params)
    share = float(data.propensity.mean())
    return lambda inputs: share * of_rest(inputs) + (1 - share) * of_treated(inputs)


def _learn_dr(data: Data, params: LearnerParams) -> Effect:
    halves = fold_of(data, 2, params.seed + 1)
    score = np.empty(len(data))
    for half in (0, 1):
        here = data.rows(halves == half)
        withheld, made = (arm(_inputs(here)) for arm in _arms(data.rows(halves != half), params))
        pushed = (here.treated - here.propensity) / (here.propensity * (1 - here.propensity))
        expected = np.where(here.treated, made, withheld)
        score[halves == half] = made - withheld + pushed * (here.outcome - expected)
    return _model(data, score, params)
