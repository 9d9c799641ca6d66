"""MLflow: the log of runs, and the registry of models."""
