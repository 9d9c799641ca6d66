"""Scoring on Spark: the served models applied to snapshot rows in batches, on the workers.

Every worker process loads the models once, after checking their hashes as everywhere else. The
folder of the models must have the same path on every worker machine.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from core.errors import ArtifactError
from core.files import check_manifest, digest
from models.bundle import Bundle
from models.words import PURCHASE_PROBABILITY, REPORTED_DAYS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PROBABILITIES = tuple(f"{PURCHASE_PROBABILITY}{days}d" for days in REPORTED_DAYS)
NUMBERS = (
    "churn_risk",
    *PROBABILITIES,
    "expected_orders",
    "expected_orders_in_value_horizon",
    "expected_value",
    "value_at_risk",
    "value_extrapolation",
)
SCHEMA = "customer_id string, " + ", ".join(f"{name} double" for name in NUMBERS)


def score_on_spark(snapshot: "DataFrame", folder: Path) -> "DataFrame":
    """Score snapshot rows with the models of `folder`: the columns of `SCHEMA`, a row per customer.

    The numbers equal those computed in this process, to the last bit. Money is empty where the data
    has no amounts, and so is a probability beyond the end of the curve. Raises ArtifactError when a
    file of the models differs from the manifest; inside a worker Spark wraps it.
    """
    models = folder.absolute()
    wanted = digest(check_manifest(models)["files"])

    def score(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        bundle = _load(models, wanted)
        for batch in batches:
            yield scored(batch, bundle)

    return snapshot.mapInPandas(score, SCHEMA)


def scored(snapshot: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """The columns of `SCHEMA` for snapshot rows, in the order of the rows."""
    churn_risk = bundle.churn.predict(snapshot)
    found = pd.DataFrame(index=snapshot.index)
    if bundle.knows_purchases:
        found = pd.concat(bundle.tell(snapshot, churn_risk), axis=1)
    found["churn_risk"] = churn_risk
    found["customer_id"] = snapshot["customer_id"]
    return found.reindex(columns=["customer_id", *NUMBERS])


@lru_cache(maxsize=1)
def _load(folder: Path, wanted: str) -> Bundle:
    """The models, loaded once per process; `wanted` is the digest of the files the driver saw."""
    if digest(check_manifest(folder)["files"]) != wanted:
        raise ArtifactError(f"{folder}: the models were changed while they were used: score again.")
    return Bundle.load(folder)
