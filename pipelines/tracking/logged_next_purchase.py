"""Model as code for MLflow: the next purchase."""

from mlflow.models import set_model

from pipelines.tracking.logged_models import NextPurchase

set_model(NextPurchase())
