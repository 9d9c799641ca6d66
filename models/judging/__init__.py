"""The judgement: every model on its test dates, beside its baselines."""
