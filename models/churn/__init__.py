"""The churn risk: its model, its reasons, and features that leak the outcome."""
