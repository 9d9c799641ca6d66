"""econml's causal forest on contacts drawn by chance: `… econml_forest FOLDER`, of its own Python.

The folder holds `data.npz` {x, action, treated, outcome, propensity, today}; the effects of every
action on the customers of today, (customers, actions), go to `effects.npy`. One forest an action,
with the known propensity, missing values at their median. The last line printed is JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np

TREES, LEAF = 400, 50
MOST_ROWS = 40_000  # contacts of an action that a forest is grown on


def main(folder: str) -> None:
    """Fit, predict, write."""
    try:
        from econml.grf import CausalForest
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": error.name}))
        return
    found = np.load(Path(folder) / "data.npz", allow_pickle=False)
    middle = np.nan_to_num(np.nanmedian(found["x"], axis=0))
    x, today = (np.where(np.isnan(found[n]), middle, found[n]) for n in ("x", "today"))
    effects = []
    for action in range(int(found["action"].max()) + 1):
        rows = np.flatnonzero(found["action"] == action)
        rows = np.random.default_rng(action).permutation(rows)[:MOST_ROWS]
        # Residual treatment on its known chance: what the forest asks for (Athey & Wager 2019).
        pushed = found["treated"][rows] - found["propensity"][rows]
        outcome = found["outcome"][rows] - found["expected"][rows]
        forest = CausalForest(
            n_estimators=TREES, min_samples_leaf=LEAF, random_state=1, n_jobs=2, inference=False
        )
        forest.fit(x[rows], pushed, outcome)
        effects.append(forest.predict(today).ravel())
    np.save(Path(folder) / "effects.npy", np.column_stack(effects))
    print(json.dumps({"trees": TREES}))


if __name__ == "__main__":
    main(*sys.argv[1:])
