"""The days after a contact over which its outcome is counted, as far as they have passed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.arrays import BoolArray, IntArray
from features.timeline import is_closed

USUAL = (30, 90)  # days: shows who was kept better than the days right after a contact
HORIZON = 60  # days up to which the usual window does; where horizons are longer it is too
ENOUGH = 100  # closed contacts of each arm, or a shorter window is looked at


@dataclass(frozen=True)
class Window:
    """Days [first, last) after a contact; `wanted` is the one that will be used once closed."""

    first: int
    last: int
    wanted: tuple[int, int]

    def closed(self, days: IntArray, data_until: int) -> BoolArray:
        """Whether the window after each day (n,) lies inside the data."""
        return np.asarray(is_closed(days, self.last, data_until), np.bool_)


def window_for(
    setting: tuple[int, int] | Literal["auto"],
    horizon_days: int,
    assigned: tuple[IntArray, BoolArray],
    data_until: int,
) -> Window:
    """The window of params.yaml, or by the rhythm of the data (`auto`): (first, last).

    While too few contacts have closed over it, the longest shorter one that enough have: half of
    it, a quarter. `assigned` are the days (n,) of the contacts and who was treated (n,).
    """
    slow = max(1.0, horizon_days / HORIZON)
    wanted = (round(USUAL[0] * slow), round(USUAL[1] * slow)) if setting == "auto" else setting
    days, treated = assigned
    for part in (1.0, 0.5, 0.25):
        window = Window(round(wanted[0] * part), max(1, round(wanted[1] * part)), wanted)
        done = window.closed(days, data_until)
        if min((done & treated).sum(), (done & ~treated).sum()) >= ENOUGH:
            return window
    return Window(*wanted, wanted)
