"""What the service is asked under load, and the figures that it is to reach."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.live_scoring import requests_of
from benchmarks.serving.attacks import ATTACKS
from benchmarks.serving.load import get, post

DRAWN = 2_000  # different requests of a case: what is kept between them shall not be all of it
CARDS = 50_000  # and different customers: more than there is room for
LOOKED_UP = 1_000  # ids of one look-up
LINES = 60  # lines of orders of a history
CARD, LIST, PAGE, LIVE = "card", "list of 100", "list page", "live score of one history"
LOOK_UP = "look-up of 1,000"
STARTED = "a new process"
PEER = "MLflow's server, one prepared row"


@dataclass(frozen=True)
class Asked:
    """A figure that was asked of a case: at least, or at most, so much."""

    case: str
    figure: str
    least: float | None = None
    most: float | None = None

    def is_met(self, value: float) -> bool:
        """Whether the value is one that was asked."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    def __str__(self) -> str:
        bound = f"≥ {self.least:g}" if self.most is None else f"≤ {self.most:g}"
        return f"{self.case}: {self.figure} {bound}"


ASKED = (
    Asked(CARD, "ratio_to_bare", least=0.2),
    Asked(CARD, "p50_ms", most=1),
    Asked(CARD, "times_mlflow", least=30),
    Asked(LIST, "ratio_to_bare", least=0.05),
    Asked(PAGE, "p50_ms", most=20),
    Asked(LIVE, "p50_ms", most=15),
    Asked(LOOK_UP, "ids_per_second", least=30_000),
    Asked(STARTED, "first_card_seconds", most=3),
    Asked(STARTED, "peak_mb", most=500),
    *(Asked(attack, "max_ms", most=100) for attack in ATTACKS),
)


def cases(ids: list[str], tables: Path | None = None) -> dict[str, tuple[list[bytes], bool]]:
    """Requests by case, and whether connections are kept; live scores of histories in `tables`."""
    rng = np.random.default_rng(3)
    cards = [get(f"/v1/customers/{one}") for one in rng.choice(ids, CARDS)]
    least = [f"{risk:.4f}" for risk in rng.uniform(0, 0.3, DRAWN)]
    parts = [str(number) for number in rng.integers(1000, 99999, DRAWN)]
    looked_up = [json.dumps({"customer_ids": [*rng.choice(ids, LOOKED_UP)]}) for _ in range(100)]
    found = {
        CARD: (cards, True),
        "card, new connections": (cards, False),
        LIST: ([get(f"/v1/at-risk?limit=100&min_churn_risk={r}") for r in least], True),
        PAGE: ([get(f"/?min_churn_risk={risk}") for risk in least], True),
        "search": ([get(f"/v1/at-risk?limit=10&q={part}") for part in parts], True),
        LOOK_UP: ([post("/v1/scores:lookup", one.encode()) for one in looked_up], True),
        "health": ([get("/health")], True),
    }
    if tables is not None:
        found[LIVE] = ([post("/v1/score", requests_of(tables, 1, LINES))], True)
    return found


def misses(found: dict[str, Any]) -> list[str]:
    """Each figure that was asked and is not reached, with what it is, in which row."""
    return [
        f"{asked}; it is {row[asked.figure]:g}" + (f" on {row['store']}" if "store" in row else "")
        for asked in ASKED
        for row in (*found["rows"], *found["started"], *found["under_attack"])
        if asked.case == row.get("case", row.get("attack", STARTED))
        and asked.figure in row
        and not asked.is_met(row[asked.figure])
    ]
