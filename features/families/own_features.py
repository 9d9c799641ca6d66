"""Features that the company's own code defines: functions marked `@feature` in `features.py`.

    from features.families.definition import feature

    @feature(base="purchase_days", unit="days", label={"ru": "самый длинный перерыв, дней"})
    def longest_gap(purchase_days):
        \"\"\"Longest time between two purchases.\"\"\"
        return purchase_days.gap.max()

The column is `own_longest_gap`: no later version of ours takes its name. The feature is a reason of
its own, worded with its label.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import ExtensionError
from core.own_code import FEATURES, load_module
from features.families.definition import OWN_GROUP, Feature, columns
from features.params import OWN

LANGUAGES = ("en", "ru")


def own_features(folder: Path | None) -> tuple[Feature, ...]:
    """The features of the folder's `features.py`, in order; none without one.

    Raises ExtensionError where the module cannot be run, defines no feature, or two of one name.
    """
    module = None if folder is None else load_module(folder, FEATURES)
    if folder is None or module is None:
        return ()
    defined = [value for value in vars(module).values() if hasattr(value, "columns")]
    # What is imported is no feature of this module: one of ours, say, that it builds upon.
    marked = [value for value in defined if getattr(value, "__module__", "") == module.__name__]
    found = tuple(_own(feature) for feature in columns(marked))
    if not found:
        raise ExtensionError(
            f"{folder / FEATURES} defines no feature: mark a function with @feature, as "
            "docs/extensions.md shows."
        )
    twice = [name for name, times in Counter(f.name for f in found).items() if times > 1]
    if twice:
        raise ExtensionError(
            f"{folder / FEATURES} defines {', '.join(twice)} more than once: give each function "
            "and window a name of its own."
        )
    return found


def _own(feature: Feature) -> Feature:
    text = feature.description.rstrip(".")
    said = text[:1].lower() + text[1:]
    strange = sorted(set(feature.label) - set(LANGUAGES))
    if strange:
        raise ExtensionError(
            f"The feature {feature.name} has a label in {', '.join(strange)}; labels are read in "
            f"{' and '.join(LANGUAGES)}."
        )
    return replace(
        feature,
        name=f"{OWN}{feature.name}",
        family="own_features",
        group=OWN_GROUP,
        label={language: feature.label.get(language, said) for language in LANGUAGES},
    )


def wordings(features: Iterable[Feature]) -> dict[str, Any]:
    """Unit and label by feature, as plain data, for whoever has only the name."""
    return {f.name: {"unit": f.unit, "label": dict(f.label)} for f in features if f.label}
