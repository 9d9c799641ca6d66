"""The verdict on a churn model: its grade, and whether its probabilities hold where the money is.

What page, summary and model card say of a model follows from this verdict alone, in the words of
the messages `verdict` (serving/cards/verdict_words.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from models.judging.slices import VALUE_KINDS
from models.words import CALIBRATED, Grade, Probabilities, Ranks

# AUC above the best simple model from which the model is clearly better: of a hundred pairs of one
# who left and one who stayed it puts one more in order.
GOOD_GAIN = 0.01
DATE = "as_of_date"  # the kind of a part that is a test date
WARNED = (DATE, "abc_class", "value", "rfm_segment")  # kinds of parts that are off with a warning

Ratio = Mapping[str, float]  # observed over expected: value, low, high


def probabilities(ratio: Ratio | None) -> Probabilities:
    """Whether probabilities hold, by observed over expected with its 95 % interval.

    They `hold` where the whole interval lies within CALIBRATED, and are `off` where it lies wholly
    outside; else nothing is known.
    """
    if ratio is None:
        return "unknown"
    least, most = CALIBRATED
    if ratio["low"] > most or ratio["high"] < least:
        return "off"
    return "hold" if least <= ratio["low"] and ratio["high"] <= most else "unknown"


def ranks(gain: Ratio | None) -> Ranks:
    """How sure it is that the model ranks better than the best simple model, by the gain in AUC.

    None, where the rows allow no comparison, is not shown.
    """
    if gain is None or gain["low"] <= 0:
        return "not_shown"
    return "clearly_better" if gain["value"] >= GOOD_GAIN else "better"


def verdict(
    gain: Ratio | None, ratio: Ratio | None, parts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """`ranks`, `probabilities`, and the `parts` of the test rows with what holds for each.

    `ratio` is observed over expected of all rows. A part has kind, part, rows, left, expected and,
    where there are enough outcomes, value, low and high. One value class that is off is enough for
    the probabilities not to hold: the value at risk rests on them.
    """
    told = [
        {**part, "probabilities": probabilities(part if part.get("value") is not None else None)}
        for part in parts
    ]
    overall = probabilities(ratio)
    if any(part["probabilities"] == "off" for part in told if part["kind"] in VALUE_KINDS):
        overall = "off"
    return {"ranks": ranks(gain), "probabilities": overall, "parts": told}


def grade(found: Mapping[str, Any]) -> Grade:
    """A: clearly better than every simple model, and probabilities hold. B: better. C: else."""
    if found["ranks"] == "not_shown":
        return "C"
    holds = found["ranks"] == "clearly_better" and found["probabilities"] == "hold"
    return "A" if holds else "B"
