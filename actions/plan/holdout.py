"""The holdout: customers left untreated on purpose, so that an effect can be measured.

An arm depends only on the customer, the epoch and the salt: it is the same in every run, for every
row order and on every machine, and it is drawn again in each epoch.
"""

import hashlib

import pandas as pd

from sources.meanings.vocabulary import HOLDOUT, TREATED, Arm

AUTO = "auto"


def arm(customer_id: str, epoch: str, salt: str, share: float) -> Arm:
    """`holdout` for a share of customers, else `treated`.

    The first 8 bytes of sha256 over salt, epoch and id are read as a number in [0, 1); a number
    below `share` means holdout. A customer in a small holdout is also in every larger one of that
    epoch.
    """
    text = "\x1f".join((salt, epoch, customer_id))
    draw = int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")
    return HOLDOUT if draw < share * 2**64 else TREATED


def epoch_of(as_of: pd.Timestamp, setting: str) -> str:
    """The epoch for which arms are drawn: the quarter of the as-of date (`2018Q1`), or a name."""
    return f"{as_of.year}Q{as_of.quarter}" if setting == AUTO else setting
