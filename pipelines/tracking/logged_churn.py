"""Model as code for MLflow: the churn risk."""

from mlflow.models import set_model

from pipelines.tracking.logged_models import ChurnRisk

set_model(ChurnRisk())
