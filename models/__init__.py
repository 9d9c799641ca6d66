"""Models of churn, next purchase and value, and how good they are."""

import os

# Waiting threads sleep instead of spinning: on a busy machine training then takes a third of the
# time, on an idle one no longer than before. OpenMP reads this when LightGBM is loaded, so it must
# come before every import.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
