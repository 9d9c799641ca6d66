"""What a customer's value is compared with, and which direction of the risk the value argues for.

A value is compared with the customer's own past, and with the typical value among customers alike
who stayed: those with about the same usual gap between purchases. Where more of a feature has a
plain meaning (models/churn/shown.py), being above or below argues for a direction. Else it is the
data that does: whether customers with such a value left more often than others alike.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.arrays import FloatArray
from models.trees.inputs import is_text
from models.words import CHANGE_LIMITS

Signs = npt.NDArray[np.int8]  # 1 argues for a higher risk, -1 for a lower one, 0 for neither
Classes = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Columns = Mapping[str, "pd.Series[Any]"]  # of a snapshot, by name

LONGEST = 100  # characters of a text that is shown
GAP = "gap_mean"
DIFFERENT = 0.1  # of the larger one: values nearer than that are about the same
WHOLE_PERCENT = 0.0101  # shares further apart are never rounded to the same whole percent
WINDOW = re.compile(r"(orders|amount|visits|email_opens)_(\d+)d")
ONE = 1.0  # purchase or visit; where fewer are usual within the time, none is nothing unusual


@dataclass(frozen=True)
class Evidence:
    """Whether customers with a value left more often (1) or less often (-1) than others alike.

    Of numbers `limits` are the upper ends of all bins but the last, and `signs` holds one for each
    bin; of texts `signs` goes by the text.
    """

    limits: list[float] = field(default_factory=list)
    signs: list[int] | dict[str, int] = field(default_factory=list)

    def of(self, values: "pd.Series[Any]") -> Signs:
        """The sign of each value (n,); 0 where it is unknown."""
        if isinstance(self.signs, dict):
            return np.asarray(values.map(self.signs).fillna(0), np.int8)
        numbers = numbers_of(values)
        found = np.array(self.signs, np.int8)[np.searchsorted(self.limits, numbers, side="left")]
        return np.where(np.isfinite(numbers), found, 0).astype(np.int8)


@dataclass(frozen=True)
class Comparisons:
    """What values are compared with; everything is learned from rows whose outcome is known.

    `typical` is the typical value among those who stayed, by feature: the median, of text the most
    frequent one. `gaps` are the limits of the classes of customers alike (the usual gap in days;
    None: the data has no gaps), and `alike` the typical value of each class, None where too few
    stayed. `meanings` say of which features more plainly means a higher (1) or a lower (-1) risk;
    `evidence` is there for the others. `units` are those of the features, where they have one.
    """

    typical: dict[str, float | str | None]
    meanings: dict[str, int]
    gaps: list[float] | None = None
    alike: dict[str, list[float | None]] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Comparisons":
        """The reverse of `dataclasses.asdict`."""
        evidence = {name: Evidence(**one) for name, one in content.get("evidence", {}).items()}
        return cls(**{**content, "evidence": evidence})

    def classes(self, snapshot: Columns) -> Classes | None:
        """The class of customers alike of each row (n,); the last one has no usual gap yet."""
        if self.gaps is None:
            return None
        return classes_of(numbers_of(snapshot[GAP]), self.gaps)

    def of(self, feature: str, snapshot: Columns, classes: Classes | None) -> "Compared":
        """A feature's values beside those of the past and of others, and what they argue for."""
        values, typical = snapshot[feature], self.typical[feature]
        evidence = self.evidence[feature].of(values) if feature in self.evidence else None
        if is_text(values):
            texts = values.astype(object).map(plain).to_numpy()
            differs = pd.notna(texts) & (typical is not None) & (texts != typical)
            everybody = Beside(np.full(len(texts), typical, dtype=object), differs, evidence)
            return Compared(texts, False, evidence, None, None, everybody)
        numbers, meaning = numbers_of(values), self.meanings.get(feature, 0)
        unit = self.units.get(feature)

        def beside(others: FloatArray) -> Beside:
            signs = _side(numbers, others) * meaning if meaning else evidence
            return Beside(others, differ(unit, numbers, others), signs)

        own, alike = own_past(feature, snapshot) if meaning else None, None
        if feature in self.alike and classes is not None:
            alike = beside(np.array(self.alike[feature], np.float64)[classes])
        everybody = beside(np.full(len(numbers), typical, np.float64))
        past = None if own is None else beside(own)
        return Compared(numbers, bool(meaning), evidence, past, alike, everybody)


@dataclass(frozen=True)
class Beside:
    """What values (n,) are told beside: whether that reads as different, and what is argued for.

    Without `signs` nothing is known of a difference, and it argues for either direction.
    """

    values: npt.NDArray[Any]
    differs: Flags
    signs: Signs | None

    def argues(self, sign: int) -> Flags:
        """Where the value argues for the sign (n,)."""
        return np.asarray(self.differs & (True if self.signs is None else self.signs == sign))


@dataclass(frozen=True)
class Compared:
    """A feature's values (n,), and what they can be told beside.

    That is the customer's own past, what is typical among customers alike, and among all.
    `is_plain` is whether more of it has a plain meaning.
    """

    values: npt.NDArray[Any]
    is_plain: bool
    evidence: Signs | None
    own: Beside | None
    alike: Beside | None
    everybody: Beside


def own_past(feature: str, snapshot: Columns) -> FloatArray | None:
    """The customer's own usual value (n,), NaN where too little is known; None without a past.

    Of the silence and the last gaps it is the mean gap. Of what was counted within N days it is the
    mean over N days before those: of orders and amounts in all history, of visits and e-mails in
    their longest window. So long the customer has to be known, and for 2 N days at least.
    """
    if GAP not in snapshot:
        return None
    gaps = numbers_of(snapshot[GAP])
    if feature in ("days_since_last_purchase", "gap_recent_mean", "gap_last"):
        return gaps
    match = WINDOW.fullmatch(feature)
    if match is None or "tenure_days" not in snapshot:
        return None
    family, days = match[1], int(match[2])
    known = numbers_of(snapshot["tenure_days"])
    if family in ("orders", "amount"):
        whole, past, is_usual = known, f"{family}_total", gaps <= days * ONE
    else:
        longest = max(_windows(family, snapshot))
        whole, past = np.full(len(known), float(longest)), f"{family}_{longest}d"
        is_usual = known >= whole
    if past not in snapshot:
        return None
    with np.errstate(invalid="ignore"):
        before = numbers_of(snapshot[past]) - numbers_of(snapshot[feature])
        usual = before / np.maximum(whole - days, 1.0) * days
        is_usual &= (usual > 0) if family == "amount" else (usual >= ONE)
        return np.where(is_usual & (whole >= 2 * days), usual, np.nan)


def _windows(family: str, snapshot: Columns) -> list[int]:
    matches = (WINDOW.fullmatch(str(name)) for name in snapshot)
    return [int(match[2]) for match in matches if match and match[1] == family]


def classes_of(gaps: FloatArray, limits: Sequence[float]) -> Classes:
    """The class of each gap (n,); the last one is that of unknown gaps."""
    found = np.searchsorted(limits, gaps, side="left")
    return np.where(np.isfinite(gaps), found, len(limits) + 1)


def numbers_of(values: "pd.Series[Any]") -> FloatArray:
    """The values (n,) as numbers, NaN where unknown."""
    return values.to_numpy(np.float64, na_value=np.nan)


def _side(values: FloatArray, others: FloatArray) -> Signs:
    gap = values - others
    return np.where(np.isfinite(gap), np.sign(gap), 0).astype(np.int8)


def differ(unit: str | None, values: FloatArray, others: FloatArray) -> Flags:
    """Where two known values of a unit are so far apart that they also read as different (n,)."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(values - others)
        if unit == "log ratio":
            apart = _change(values) != _change(others)
        else:
            apart = gap >= DIFFERENT * np.maximum(np.abs(values), np.abs(others))
        if unit == "share":
            apart &= gap > WHOLE_PERCENT
        elif unit == "days":
            apart &= _days_as_read(values) != _days_as_read(others)
        return np.asarray(apart & (gap > 0))  # which no gap to an unknown value is


def _days_as_read(values: FloatArray) -> FloatArray:
    """Days with one decimal, from five on without."""
    tenths = np.round(values, 1)
    return np.where(np.abs(tenths) >= 5, np.floor(tenths + 0.5), tenths)


def _change(values: FloatArray) -> npt.NDArray[np.intp]:
    return np.asarray(np.searchsorted(CHANGE_LIMITS, values, side="left"))


def plain(value: Any) -> float | str | None:
    """A value for JSON, None if unknown: six digits or LONGEST characters are all anyone reads."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
    return round(float(value), 6) if pd.notna(value) and np.isfinite(value) else None
