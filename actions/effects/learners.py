"""The learners by name: what each action adds for whom, from contacts withheld at random.

All of them learn from `Data` and answer with `Effects`, a mean and a standard deviation for every
customer and action, in the unit of the outcome. Ours is `r_pooled`.
"""

from collections.abc import Callable, Mapping

from actions.effects.metalearners import fit_dr, fit_s, fit_t, fit_x
from actions.effects.pooled import fit_pooled
from actions.effects.randomised import Data, Effects, Fitted, LearnerParams, Prior
from core.errors import ParamsError, did_you_mean

__all__ = ["LEARNERS", "OURS", "Data", "Effects", "Fitted", "LearnerParams", "Prior", "fit"]

OURS = "r_pooled"
LEARNERS: Mapping[str, Callable[[Data, Prior, LearnerParams], Fitted]] = {
    OURS: fit_pooled,
    "s": fit_s,
    "t": fit_t,
    "x": fit_x,
    "dr": fit_dr,
}


def fit(data: Data, prior: Prior, params: LearnerParams, learner: str = OURS) -> Fitted:
    """Fit a learner of LEARNERS; the same data and seed give the same effects.

    Raises ParamsError for another name.
    """
    if learner not in LEARNERS:
        hint = did_you_mean(learner, list(LEARNERS))
        raise ParamsError(f"There is no learner of effects {learner}.{hint}")
    return LEARNERS[learner](data, prior, params)
