"""Rows with the same key: exact repeats, and rows that contradict each other."""

import pandas as pd

from sources.contract import Table

OTHER_CONTENT = "and different content"


def with_position(rows: pd.DataFrame, table: Table, of: "pd.Series[bool]") -> pd.DataFrame:
    """Without a `line_id`, a row's position among those of its key is its line."""
    if "line_id" not in table.key or ("line_id" in rows and rows["line_id"].notna().all()):
        return rows
    key = [c for c in table.key if c != "line_id"]
    count = rows[of].groupby(key, sort=False).cumcount() + 1
    position = count.reindex(rows.index, fill_value=0).astype("str")
    if "line_id" not in rows:
        return rows.assign(line_id=position)
    # A position is not to be taken for one of the line ids that other rows have.
    return rows.assign(line_id=rows["line_id"].where(rows["line_id"].notna(), "#" + position))


def repeats(
    rows: pd.DataFrame, table: Table, of: "pd.Series[bool]"
) -> tuple["pd.Series[bool]", "pd.Series[str]"]:
    """Exact repeats (all but the first), and why a row is in conflict (else empty).

    Of rows with one key and different contents none is trusted. But a row that was known before all
    others stays: a correction must not change what could be seen before it came.
    """
    never = pd.Series(data=False, index=rows.index)
    reasons = pd.Series("", index=rows.index, dtype="str")
    key = [c for c in table.key if c in rows.columns]
    candidates = rows[of]
    shared = candidates.duplicated(key, keep=False)
    if not shared.any():
        return never, reasons
    suspects = candidates[shared]
    by = [suspects[c] for c in key]
    first = ~suspects.duplicated()
    # The repeats of a row that clashes with another are as doubtful as the row itself.
    clash = first.groupby(by, dropna=False).transform("sum") > 1
    stays = clash & _known_first(suspects, first, by)
    decided = stays.groupby(by, dropna=False).transform("any")
    same = ~first & ~clash
    words = f"the same {' + '.join(table.key)} {OTHER_CONTENT}"
    reasons[clash.index[clash]] = f"another row has {words}"
    reasons[clash.index[clash & decided]] = f"a row known earlier has {words}"
    reasons[stays.index[stays]] = ""
    return same.reindex(rows.index, fill_value=False), reasons


def _known_first(
    suspects: pd.DataFrame, once: "pd.Series[bool]", by: list["pd.Series[str]"]
) -> "pd.Series[bool]":
    """Rows known before all others of their key; none where the times are unknown or tied.

    `once` leaves out what repeats an earlier row to the letter.
    """
    if "known_at" not in suspects.columns:
        return pd.Series(data=False, index=suspects.index)
    known_at = suspects["known_at"]
    earliest = known_at.groupby(by, dropna=False).transform("min")
    is_first = once & (known_at == earliest)
    alone = is_first.groupby(by, dropna=False).transform("sum") == 1
    is_dated = known_at.notna().groupby(by, dropna=False).transform("all")
    first: pd.Series[bool] = is_first & alone & is_dated
    return first
