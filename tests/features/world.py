"""What the feature engine says about small made-up tables at an as-of date."""

from functools import lru_cache

from features.checking.world import (
    ACTIVE,
    AS_OF,
    ATTRIBUTES,
    DATA_FROM,
    DAY,
    LONG,
    OWN_KIND,
    arrow,
    columns_of,
    day,
    frame,
    moment,
    on_duckdb,
    snapshot_of,
    timeline_at,
)
from features.families.own_events import OwnKind, event_features
from features.snapshot import FAMILIES, all_features, program, supported

__all__ = [
    "ACTIVE",
    "AS_OF",
    "ATTRIBUTES",
    "DATA_FROM",
    "DAY",
    "LONG",
    "OWN",
    "arrow",
    "columns_of",
    "day",
    "feature_names",
    "features_at",
    "frame",
    "moment",
    "on_duckdb",
    "snapshot_at",
    "timeline_at",
]
OWN = event_features([OwnKind(OWN_KIND, 100, 100, has_value=True)])


@lru_cache(maxsize=64)
def _program(schemas, churn, families):
    attributes = ATTRIBUTES if "customers" in dict(schemas) else ()
    features, _ = supported(dict(schemas), LONG, attributes, OWN)
    return program(dict(schemas), features, churn), tuple(f.name for f in features)


def snapshot_at(engine, timeline, other_dates=()):
    """The snapshot at the score date of a time plan, over all parts; `other_dates` are days."""
    schemas = tuple((name, schema) for name, schema in engine.schemas.items())
    made, names = _program(schemas, timeline.churn, tuple(family.FEATURES for family in FAMILIES))
    return snapshot_of(engine, made, timeline, other_dates), names


def features_at(
    frames, as_of=AS_OF, active_within_days=ACTIVE, churn="lapse", other_dates=(), **how
):
    """Every supported feature of the cohort at the as-of date, sorted by customer."""
    engine = on_duckdb(frames, **how)
    table, names = snapshot_at(engine, timeline_at(as_of, active_within_days, churn), other_dates)
    return table[["customer_id", *names]]


def feature_names():
    """The columns of every feature that exists, and of those that only the made-up company has."""
    attributes = [f"attribute_{name}" for name in ATTRIBUTES]
    return [f.name for f in all_features()] + attributes + [f.name for f in OWN]
