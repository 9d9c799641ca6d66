"""What the logged MLflow models do: snapshot rows in, predictions out, from text and JSON files."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.pyfunc import PythonModel

from models.artifacts import check_manifest
from models.training import Bundle


class Served(PythonModel):  # type: ignore[misc]
    """The served bundle, checked against its manifest before anything is loaded."""

    def load_context(self, context: Any) -> None:
        """Load the models from the run's artifacts."""
        folder = Path(context.artifacts["models"])
        check_manifest(folder)
        self.bundle = Bundle.load(folder)


class ChurnRisk(Served):
    """customer_id and churn_risk for rows of a snapshot."""

    def predict(self, context: Any, model_input: pd.DataFrame) -> pd.DataFrame:
        """One row per row of the snapshot given."""
        risk = self.bundle.churn.predict(model_input)
        return model_input[["customer_id"]].assign(churn_risk=risk)


class NextPurchase(Served):
    """customer_id, purchase probabilities and days to the next purchase for rows of a snapshot."""

    def predict(self, context: Any, model_input: pd.DataFrame) -> pd.DataFrame:
        """One row per row of the snapshot given, coherent with the churn risk."""
        risk = self.bundle.churn.predict(model_input)
        return model_input[["customer_id"]].join(
            self.bundle.next_purchase.predict(model_input, risk)
        )
