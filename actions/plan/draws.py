"""Draws by hash: the same customer, salt and occasion draw the same number, on every machine.

A draw depends on nothing else: not on other customers, their order, or what was drawn before.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from core.arrays import FloatArray

CONTROL, PLAN = "persistent control", "plan"  # the occasions of a draw
BITS = 53  # that a float holds exactly


def drawn(customers: Sequence[str], salt: str, occasion: tuple[str, str]) -> FloatArray:
    """Four independent numbers in [0, 1) for each customer, (customers, 4).

    The sha256 of salt, occasion (what is drawn, and for when) and id, read as four numbers of 8
    bytes each.
    """
    begin = hashlib.sha256("\x1f".join((salt, *occasion, "")).encode())
    digests = bytearray()
    for customer in customers:
        one = begin.copy()
        one.update(customer.encode())
        digests += one.digest()
    numbers = np.frombuffer(bytes(digests), dtype=">u8").reshape(len(customers), 4)
    return (numbers >> np.uint64(64 - BITS)).astype(np.float64) / 2.0**BITS
