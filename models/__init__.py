"""What follows from what was known: churn, next purchase, value, and how good they are."""

import os

# Threads that wait without spinning: on a busy machine training takes a third of the time, on an
# idle one no longer. OpenMP reads it as LightGBM is loaded, so this stands before every import.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
