"""The golden batch: made-up rows and what the models said of them where they were fitted.

A service that loads the models tries these first. No row is of any customer.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import ArtifactError
from core.files import read_json, write_json
from models.bundle import Bundle
from models.simple.silence_rule import Rule
from models.words import PURCHASE_PROBABILITY, REPORTED_DAYS

FILE = "golden.json"
ROWS = 24
STEPS = (0.0, 1.0, 2.0, 5.0, 14.0, 30.0, 75.0, 200.0)
FAR = 1e-6  # of a number: another processor's last digits differ by less
SILENCE = "silence_over_usual"
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


def made_up(units: Mapping[str, str], texts: frozenset[str]) -> pd.DataFrame:
    """Snapshot rows of all features: numbers of every size, and some that are unknown."""
    columns: dict[str, Any] = {"customer_id": [f"golden-{row:02d}" for row in range(ROWS)]}
    for place, name in enumerate(sorted(units)):  # the order in JSON
        steps = [(row * (place % 7 + 1) + place) % (len(STEPS) + 1) for row in range(ROWS)]
        if name in texts:
            columns[name] = pd.Series([f"text {step}" for step in steps], dtype="str")
        else:
            known = [STEPS[step] if step < len(STEPS) else np.nan for step in steps]
            columns[name] = pd.Series(known, dtype="float64")
    return pd.DataFrame(columns)


def answers(rows: pd.DataFrame, models: Bundle | Rule) -> dict[str, list[float | None]]:
    """What the models, or the rule, say of snapshot rows, by name."""
    if isinstance(models, Rule):
        found = pd.DataFrame({SILENCE: models.silence_over_usual(rows)})
    else:
        found = _told_by(models, rows).astype("float64")
    return {
        name: [float(value) if np.isfinite(value) else None for value in found[name]]
        for name in found.columns
    }


def _told_by(models: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """NUMBERS for snapshot rows: empty where the data has no amounts, or beyond a curve's end."""
    churn_risk = models.churn.predict(rows)
    found = pd.DataFrame(index=rows.index)
    if models.knows_purchases:
        found = pd.concat(models.tell(rows, churn_risk), axis=1)
    found["churn_risk"] = churn_risk
    return found.reindex(columns=list(NUMBERS))


def write_golden(folder: Path, rows: pd.DataFrame, models: Bundle | Rule) -> None:
    """Write what the models say of `made_up` rows to `golden.json`."""
    write_json(folder / FILE, answers(rows, models))


def check_golden(folder: Path, rows: pd.DataFrame, models: Bundle | Rule) -> None:
    """Raises ArtifactError where the models say something else here than where they were made."""
    expected, found = read_json(folder / FILE), answers(rows, models)
    if expected.keys() != found.keys():
        raise ArtifactError(f"{folder / FILE} was made by other code: run `dvc repro release`.")
    for name, values in expected.items():
        told = np.array([np.nan if v is None else v for v in values])
        here = np.array([np.nan if v is None else v for v in found[name]])
        if not np.allclose(here, told, rtol=FAR, atol=FAR, equal_nan=True):
            worst = np.nanmax(np.abs(here - told), initial=0.0)
            raise ArtifactError(
                f"The models give another {name} here than where they were fitted (by up to "
                f"{worst:.3g} on the golden batch): other versions of their libraries, or other "
                "files. They answer nothing."
            )
