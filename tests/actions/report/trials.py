"""A randomised test with a planted effect, as a table."""

import numpy as np
import pandas as pd

N = 500


def table(seed=0, n=N):
    rng = np.random.default_rng(seed)
    x, treated = rng.normal(size=n), rng.integers(0, 2, n)
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "group": np.where(treated == 1, "offer", "none"),
            "age": (40 + 10 * x).round(),
            "city": rng.choice(["Omsk", "Kazan", "Tver"], n),
            "spend": (20 + 5 * x + 4 * treated + 5 * rng.normal(size=n)).round(2),
        }
    )
