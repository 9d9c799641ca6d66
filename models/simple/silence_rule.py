"""The rule below the data gates: customers ranked by silence against their usual gap.

    silence_over_usual = days since the last purchase / usual gap

The usual gap is the customer's own mean gap, shrunk to that of all customers when it rests on few
purchases (`smoothed_gap` of models/simple/rules.py, where the same rule is a baseline). The bands
use the limits of the lifecycle stages: someone who buys at random is silent for twice the mean gap
on 13.5 % of days (exp(-2)) and for four times on 1.8 %. None of this is a probability.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.files import read_json, write_json
from models.gate import Gate
from models.simple.rules import smoothed_gap

FILE = "rule.json"


@dataclass(frozen=True)
class Rule:
    """The rule and the usual gap of all customers (days); None where nobody bought on two days."""

    population_gap: float | None
    gate: Gate

    @classmethod
    def fit(cls, snapshot: pd.DataFrame, gate: Gate) -> "Rule":
        """The mean of the customers' own mean gaps, at the score date."""
        gaps = snapshot["gap_mean"].dropna()
        return cls(float(gaps.mean()) if len(gaps) else None, gate)

    def silence_over_usual(self, snapshot: pd.DataFrame) -> "pd.Series[float]":
        """The silence in usual gaps; NaN where there is no gap to compare with, or no purchase."""
        if self.population_gap is None:
            return pd.Series(np.nan, index=snapshot.index)
        usual = smoothed_gap(snapshot, self.population_gap)
        ratio: pd.Series[float] = snapshot["days_since_last_purchase"].astype("float64") / usual
        return ratio

    def save(self, folder: Path) -> None:
        """Write `rule.json`."""
        content = {"population_gap": self.population_gap, "gate": self.gate.to_json()}
        write_json(folder / FILE, content)

    @classmethod
    def load(cls, folder: Path) -> "Rule | None":
        """Read what `save` wrote; None where the folder holds models."""
        if not (folder / FILE).exists():
            return None
        content = read_json(folder / FILE)
        return cls(content["population_gap"], Gate.from_json(content["gate"]))
