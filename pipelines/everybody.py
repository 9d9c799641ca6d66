"""Reads what is held of all customers at once, and what is counted of all of them."""

from pathlib import Path

import pandas as pd

from core.each import Each, in_turn
from features.history.category_history import history_files, read_history
from models.cards.beside import of_earlier, of_everybody, of_segments
from models.next_purchase.candidates import Counted, counted, popularity_of
from pipelines import stage
from pipelines.reading import read_snapshot, snapshot_columns


def read_everybody(day: int) -> pd.DataFrame:
    """A row per customer of an as-of day, with the columns of models/cards/beside.py."""
    return read_snapshot(day, columns=of_everybody(snapshot_columns(day)))


def read_earlier(day: int) -> pd.DataFrame:
    """The same of the day that everybody is compared with: fewer columns."""
    return read_snapshot(day, columns=of_earlier(snapshot_columns(day)))


def read_segments(day: int) -> pd.DataFrame:
    """The columns that segments are made of, a row per customer of an as-of day."""
    return read_snapshot(day, columns=of_segments(snapshot_columns(day)))


def read_popularity(day: int, each: Each = in_turn) -> pd.DataFrame | None:
    """How everybody buys each category; None where nothing with a category was bought."""
    files = history_files(stage.CATEGORIES, day)
    return popularity_of(each(_counted_in, files)) if files else None


def _counted_in(file: Path) -> Counted:
    return counted(read_history(file))
