"""A logistic regression in place of our churn model, as an example: docs/extensions.md."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

Numbers = npt.NDArray[np.float64]
FILE = "logistic.json"


class Churn:
    """Logistic regression on all numbers, each on a log scale and standardised."""

    def __init__(self, seed: int) -> None:
        self.seed = seed  # nothing here is random

    def fit(self, features: pd.DataFrame, churned: Numbers) -> None:
        """Fit on features (n, k) and outcomes (n,); text features are left out."""
        numbers = _log(features.select_dtypes("number"))
        self.middle = numbers.median().fillna(0.0)
        scale = numbers.fillna(self.middle).std()
        self.scale = scale.where(scale > 0, 1.0).fillna(1.0)
        found = LogisticRegression(C=0.02, max_iter=1000).fit(self._matrix(features), churned)
        self.weights = pd.Series(found.coef_[0], index=self.middle.index)
        self.base = float(found.intercept_[0])

    def predict(self, features: pd.DataFrame) -> Numbers:
        """Probability of leaving (n,)."""
        odds = self._matrix(features) @ self.weights.to_numpy() + self.base
        return np.asarray(1.0 / (1.0 + np.exp(-odds)), np.float64)

    def reasons(self, features: pd.DataFrame) -> pd.DataFrame:
        """Log odds that each feature adds for each customer (n, k)."""
        return pd.DataFrame(
            self._matrix(features) * self.weights.to_numpy(), columns=list(self.middle.index)
        )

    def save(self, folder: Path) -> None:
        """Write the coefficients as JSON."""
        content = {
            "seed": self.seed,
            "base": self.base,
            "middle": self.middle.to_dict(),
            "scale": self.scale.to_dict(),
            "weights": self.weights.to_dict(),
        }
        (folder / FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Churn":
        """Read what `save` wrote."""
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        made = cls(content["seed"])
        made.base = content["base"]
        made.middle, made.scale, made.weights = (
            pd.Series(content[part]) for part in ("middle", "scale", "weights")
        )
        return made

    def _matrix(self, features: pd.DataFrame) -> Numbers:
        numbers = _log(features[list(self.middle.index)])
        return ((numbers.fillna(self.middle) - self.middle) / self.scale).to_numpy(np.float64)


def _log(numbers: pd.DataFrame) -> pd.DataFrame:
    """Numbers of any sign on a log scale."""
    return np.sign(numbers) * np.log1p(numbers.abs())
