"""A ready table as snapshots: its dates on the ladder, its columns as features."""
