"""What the logged MLflow models do: snapshot rows in, predictions out, from text and JSON files."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.pyfunc import PythonModel

from core.files import check_manifest
from models.bundle import Bundle


class Served(PythonModel):  # type: ignore[misc]
    """The served bundle, checked against its manifest before anything is loaded."""

    def load_context(self, context: Any) -> None:
        """Load the models from the run's artifacts."""
        folder = Path(context.artifacts["models"])
        check_manifest(folder)
        self.bundle = Bundle.load(folder)


def churn_answer(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """customer_id and churn_risk for rows of a snapshot."""
    return rows[["customer_id"]].assign(churn_risk=bundle.churn.predict(rows))


def next_purchase_answer(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """customer_id, purchase probabilities and days to the next purchase for rows of a snapshot."""
    risk = bundle.churn.predict(rows)
    return rows[["customer_id"]].join(bundle.next_purchase.predict(rows, risk))


class ChurnRisk(Served):
    """The churn risk, coherent with the score card's."""

    def predict(self, context: Any, model_input: pd.DataFrame) -> pd.DataFrame:
        """One row per row of the snapshot given."""
        return churn_answer(self.bundle, model_input)


class NextPurchase(Served):
    """The next purchase, coherent with the churn risk."""

    def predict(self, context: Any, model_input: pd.DataFrame) -> pd.DataFrame:
        """One row per row of the snapshot given."""
        return next_purchase_answer(self.bundle, model_input)
