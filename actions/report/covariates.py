"""What was known of customers before the assignment, as columns of numbers; and what is refused."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from actions.report.said import Refused, Said
from core.arrays import FloatArray
from core.errors import TableError
from sources.params import SourceParams
from sources.ready.columns import read_columns
from sources.ready.layout import layout
from sources.written.reading import filled
from sources.written.times import read_times

MAX_LEVELS = 20  # of a text column, the most common ones; others are one together
SAME = 1 - 1e-9  # correlation with the outcome from which on a column is the outcome itself


@dataclass(frozen=True)
class Covariates:
    """Columns (n, k) without gaps; their `names`, and of which column of the file each is."""

    values: FloatArray
    names: tuple[str, ...]
    sources: tuple[str, ...]
    refused: tuple[Refused, ...]

    def only(self, rows: "pd.Series[bool]") -> "Covariates":
        """Of some rows."""
        return replace(self, values=self.values[rows.to_numpy()])

    def without(self, sources: set[str], refused: tuple[Refused, ...]) -> "Covariates":
        """Without the columns of some sources, which are refused."""
        kept = [place for place, source in enumerate(self.sources) if source not in sources]
        return Covariates(
            self.values[:, kept],
            tuple(self.names[place] for place in kept),
            tuple(self.sources[place] for place in kept),
            (*self.refused, *refused),
        )


def read_covariates(
    given: pd.DataFrame,
    customers: pd.Series,
    arm: pd.Series,
    outcome: "pd.Series[float]",
    assigned: "pd.Series | None",
) -> Covariates:
    """Type every column of `given` (n,): numbers, dates as days before the assignment, texts as one
    column for each value. A missing number is the median, and a column says that it was missing.

    Refused are columns that hold no information, or information that cannot be of before: dates
    after `assigned`, another name of the arm, the outcome itself.
    """
    refused: list[Refused] = []
    parts: list[tuple[str, str, FloatArray]] = []
    for name in map(str, given.columns):
        read = _read(given[name], name, customers, assigned)
        if isinstance(read, Said):
            refused.append(Refused(name, read))
            continue
        why = _not_before(read, arm, outcome)
        if why is not None:
            refused.append(Refused(name, why))
            continue
        parts += [(label, name, column) for label, column in _columns(name, read)]
    values = (
        np.column_stack([column for *_, column in parts]) if parts else np.zeros((len(given), 0))
    )
    names, sources = tuple(part[0] for part in parts), tuple(part[1] for part in parts)
    return Covariates(values, names, sources, tuple(refused))


def _read(
    cells: pd.Series, name: str, customers: pd.Series, assigned: "pd.Series | None"
) -> "pd.Series | Said":
    """A column of numbers or of texts, or why there is none."""
    params = SourceParams(kind="files", path=".")
    if pd.api.types.is_datetime64_any_dtype(cells):
        return _days_before(read_times(cells, "UTC").values, assigned)
    try:
        found = read_columns(cells.to_frame(name), customers, layout(params), params)
    except TableError:
        return Said("unclear_numbers")
    if found.left_out:
        why = found.left_out[0].why
        if why == "dates":
            return _days_before(read_times(cells, "UTC").values, assigned)
        return Said(why)
    return found.values[name]


def _days_before(times: pd.Series, assigned: "pd.Series | None") -> "pd.Series | Said":
    """Days from a time to the assignment, or to the latest of these times where that is unknown."""
    if times.notna().sum() == 0:
        return Said("unclear_dates")
    if assigned is None:
        assigned = pd.Series(times.max(), index=times.index)
    after = int((times > assigned).sum())
    if after:
        return Said("after_assignment", {"rows": after})
    days: pd.Series = (assigned - times).dt.total_seconds() / 86_400
    return days


def _not_before(column: pd.Series, arm: pd.Series, outcome: "pd.Series[float]") -> "Said | None":
    """Why a column cannot have been known before the assignment, if it shows that."""
    missing = column.isna().groupby(arm).mean()
    if missing.max() == 1 and missing.min() == 0:
        return Said("says_arm")
    coded = column if pd.api.types.is_numeric_dtype(column) else column.astype("str")
    seen = pd.DataFrame({"value": coded, "arm": arm}).dropna()
    per_arm = seen.groupby("arm")["value"].nunique()
    # The same value throughout one arm, and others in the rest: it says the arm.
    for name in per_arm.index[per_arm == 1]:
        own = seen.loc[seen["arm"] == name, "value"].iloc[0]
        others = seen.loc[seen["arm"] != name, "value"]
        if len(others) and (others != own).all() and (seen["arm"] == name).sum() > 1:
            return Said("says_arm")
    if pd.api.types.is_numeric_dtype(column):
        both = column.notna() & outcome.notna()
        first, second = column[both].to_numpy(float), outcome[both].to_numpy(float)
        if first.std() > 0 and second.std() > 0 and (abs(np.corrcoef(first, second)[0, 1]) > SAME):
            return Said("is_outcome")
    return None


def _columns(name: str, column: pd.Series) -> list[tuple[str, FloatArray]]:
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(float)
        missing = ~np.isfinite(values)
        found = [(name, np.where(missing, np.median(values[~missing]), values))]
        return [*found, (f"{name}: missing", missing.astype(float))] if missing.any() else found
    text = column.where(filled(column)).fillna("").astype("str")
    counts = text.value_counts()
    levels = list(counts.index[:MAX_LEVELS])
    if len(levels) == 2:
        levels = levels[1:]  # the other is its opposite
    return [(f"{name}: {level or 'missing'}", (text == level).to_numpy(float)) for level in levels]
