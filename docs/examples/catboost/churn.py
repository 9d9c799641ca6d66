"""CatBoost in place of our churn model, as an example: docs/extensions.md.

It needs catboost, which Regulars does not install:
`python3 -m pip --python .venv/bin/python install catboost`.
"""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from catboost import CatBoostClassifier, Pool

Numbers = npt.NDArray[np.float64]
MODEL, TEXT = "catboost.cbm", "text.json"


class Churn:
    """CatBoost with 600 trees of depth 5; text features as categories; reasons by its TreeSHAP."""

    def __init__(self, seed: int) -> None:
        self.text: list[str] = []
        self.model = CatBoostClassifier(
            iterations=600,
            learning_rate=0.03,
            depth=5,
            l2_leaf_reg=10.0,
            random_seed=seed,
            thread_count=2,
            verbose=False,
            allow_writing_files=False,
        )

    def fit(self, features: pd.DataFrame, churned: Numbers) -> None:
        """Fit on features (n, k) and outcomes (n,)."""
        self.text = list(features.select_dtypes(exclude="number").columns)
        self.model.fit(self._pool(features, churned))

    def predict(self, features: pd.DataFrame) -> Numbers:
        """Probability of leaving (n,)."""
        return np.asarray(self.model.predict_proba(self._pool(features))[:, 1], np.float64)

    def reasons(self, features: pd.DataFrame) -> pd.DataFrame:
        """Shapley values (n, k) in log odds."""
        values = self.model.get_feature_importance(self._pool(features), type="ShapValues")
        return pd.DataFrame(values[:, :-1], columns=features.columns)

    def save(self, folder: Path) -> None:
        """Write the trees in CatBoost's own format, and which features are text.

        The format keeps every digit, which its JSON does not. Without id and time of the fit, the
        same fit gives the same bytes.
        """
        for name in ("model_guid", "train_finish_time"):
            self.model.get_metadata()[name] = ""
        self.model.save_model(str(folder / MODEL))
        (folder / TEXT).write_text(json.dumps(self.text), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Churn":
        """Read what `save` wrote."""
        made = cls(seed=0)
        made.model.load_model(str(folder / MODEL))
        made.text = json.loads((folder / TEXT).read_text(encoding="utf-8"))
        return made

    def _pool(self, features: pd.DataFrame, churned: Numbers | None = None) -> "Pool":
        filled = features.assign(**{name: features[name].fillna("") for name in self.text})
        return Pool(filled, churned, cat_features=self.text)
