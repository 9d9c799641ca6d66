"""What follows from what was known: churn, next purchase, value, and how good they are."""
