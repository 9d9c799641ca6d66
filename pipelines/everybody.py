"""Reads what is held of all customers at once: a few columns of a day's snapshot."""

import pandas as pd

from models.cards.beside import of_earlier, of_everybody
from pipelines.reading import read_snapshot, snapshot_columns


def read_everybody(day: int) -> pd.DataFrame:
    """A row per customer of an as-of day, with the columns of models/cards/beside.py."""
    return read_snapshot(day, columns=of_everybody(snapshot_columns(day)))


def read_earlier(day: int) -> pd.DataFrame:
    """The same of the day that everybody is compared with: fewer columns."""
    return read_snapshot(day, columns=of_earlier(snapshot_columns(day)))
