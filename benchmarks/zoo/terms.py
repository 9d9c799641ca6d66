"""Terms of subscriptions: how contracts really run, applied to those of the simulator."""

import numpy as np
import pandas as pd

from benchmarks.zoo.recipe import Recipe

MONTH = pd.Timedelta(days=30)


def with_lives(rows: pd.DataFrame, recipe: Recipe, last: np.datetime64) -> pd.DataFrame:
    """The subscriptions with the terms of the recipe, each for some of them; as known by `last`."""
    rng = np.random.default_rng([recipe.seed, 2])
    end = pd.Timestamp(last)
    rows = rows[rows["started_at"] < end].reset_index(drop=True)
    for life in recipe.lives:
        some = rows[rng.random(len(rows)) < 0.4]
        rows = LIVES[life](rows, some, end)
    rows = rows[rows["started_at"] < end]
    # What was announced for a time after the last day is not known yet.
    rows = rows.assign(ended_at=rows["ended_at"].where(rows["ended_at"] < end))
    if "known_at" in rows:
        rows = rows.assign(known_at=rows["known_at"].clip(upper=end - pd.Timedelta(seconds=1)))
    if "known_at" not in recipe.columns:
        rows = rows.drop(columns="known_at")
    if "amount" not in recipe.columns:
        rows = rows.drop(columns="amount")
    return rows.reset_index(drop=True)


def _pause(rows: pd.DataFrame, some: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """The customer comes back some weeks after the end, with a new subscription number."""
    back = some[some["ended_at"].notna()]
    starts = back["ended_at"] + 1.5 * MONTH
    again = back.assign(
        subscription_id=back["subscription_id"] + "P", started_at=starts, ended_at=pd.NaT
    )
    return _with(rows, again)


def _overlap(rows: pd.DataFrame, some: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """The customer has a second subscription beside the first for a while."""
    middle = some["started_at"] + (some["ended_at"].fillna(end) - some["started_at"]) / 2
    beside = some.assign(
        subscription_id=some["subscription_id"] + "V",
        started_at=middle.dt.floor("s"),
        ended_at=some["ended_at"] + MONTH,
    )
    return _with(rows, beside)


def _plan_change(rows: pd.DataFrame, some: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """The customer continues under another plan on the very day the first one ends."""
    middle = some["started_at"] + (some["ended_at"].fillna(end) - some["started_at"]) / 2
    change = middle.dt.floor("D").clip(lower=some["started_at"])
    after = some.assign(
        subscription_id=some["subscription_id"] + "C",
        started_at=change,
        subscription_plan="changed",
    )
    rows = rows.copy()
    rows.loc[some.index, "ended_at"] = change
    return _with(rows, after)


def _trial(rows: pd.DataFrame, some: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """The subscription begins with two free weeks."""
    trial = some.assign(
        subscription_id=some["subscription_id"] + "T",
        started_at=some["started_at"] - pd.Timedelta(days=14),
        ended_at=some["started_at"],
        amount=0.0,
    )
    return _with(rows, trial)


def _calendar_months(rows: pd.DataFrame, some: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """The subscription runs from the first of a month to the first of another."""
    rows = rows.copy()
    for name in ("started_at", "ended_at"):
        rows.loc[some.index, name] = some[name].dt.to_period("M").dt.to_timestamp()
    same = rows["started_at"] == rows["ended_at"]
    later = rows["started_at"] + pd.offsets.MonthBegin(1)
    rows["ended_at"] = rows["ended_at"].where(~same, later)
    return rows


def _inclusive_ends(rows: pd.DataFrame, some: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """The end is the last paid day: at 23:59:59, or as a date."""
    rows = rows.copy()
    rows["ended_at"] = rows["ended_at"].dt.floor("D") - pd.Timedelta(seconds=1)
    early = rows["ended_at"] < rows["started_at"]
    return rows[~early].reset_index(drop=True)


def _with(rows: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    known = {"known_at": more["started_at"] + pd.Timedelta(minutes=1)} if "known_at" in more else {}
    more = more.assign(**known)
    return pd.concat([rows, more.astype(rows.dtypes)], ignore_index=True)


LIVES = {
    "pause": _pause,
    "overlap": _overlap,
    "plan_change": _plan_change,
    "trial": _trial,
    "calendar_months": _calendar_months,
    "inclusive_ends": _inclusive_ends,
}
