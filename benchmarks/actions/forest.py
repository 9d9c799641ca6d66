"""econml's causal forest, in the environment of requirements/uplift.txt."""

import tempfile
from pathlib import Path

import numpy as np

from actions.effects.learners import Data
from benchmarks.environments import python_of
from benchmarks.measuring import DATA, NotPossibleError, worker
from core.arrays import FloatArray


def forest_effects(data: Data, today: FloatArray) -> FloatArray:
    """Effects of every action on customers with `today` (n, columns of data.x): (n, actions).

    Raises NotPossibleError where the environment cannot be made.
    """
    try:
        python = python_of("uplift")
    except RuntimeError as error:
        raise NotPossibleError(str(error)) from None
    expected = np.zeros(len(data)) if data.expected is None else data.expected
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        np.savez(
            Path(folder) / "data.npz",
            x=data.x,
            action=data.action,
            treated=data.treated,
            outcome=data.outcome,
            propensity=data.propensity,
            expected=expected,
            today=today,
        )
        found = worker("benchmarks.peers.econml_forest", folder, python=str(python))
        if "missing" in found:
            raise NotPossibleError(f"{found['missing']} is not installed")
        return np.asarray(np.load(Path(folder) / "effects.npy"))
