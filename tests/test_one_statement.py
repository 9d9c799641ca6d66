"""What several packages have to agree on and cannot import from one another is held equal here."""

from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel

from features.params import AskedChurn
from models.customers.segments import A_SHARE
from models.next_purchase.when import INSIDE
from pipelines.params import load_params
from serving.cards.parts import (
    NextPurchase,
)
from serving.wording.sentences import LANGUAGES, sentence
from sources.kinds.simulator.worlds import Kind

ROOT = Path(__file__).resolve().parents[1]


def test_the_simulator_knows_the_two_ways_of_leaving_that_a_task_can_ask_for():
    assert get_args(Kind) == get_args(AskedChurn)


def test_pages_that_tell_the_share_inside_the_interval_tell_the_one_that_is_drawn():
    told = f"{100 * INSIDE:.0f} % interval"
    texts = [NextPurchase.__doc__]
    texts += [(ROOT / "docs" / name).read_text() for name in ("release.md", "metrics.md")]
    for text in texts:
        assert told in text
    for language in LANGUAGES:
        for key in ("next_purchase.days", "page.shaded", "customer.about.next_purchase"):
            assert f"{100 * INSIDE:.0f}" in sentence(
                key, language, median="2026-01-02", interval=""
            )


def test_the_label_of_class_a_tells_the_share_that_decides():
    for language in LANGUAGES:
        assert f"{100 * A_SHARE:.0f}" in sentence("abc_class.A", language)


def defaults(section, prefix=""):
    """(key, default) of every parameter that may be left out and whose default is a value."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from defaults(value, f"{prefix}{name}.")
        elif not field.is_required():
            default = field.get_default(call_default_factory=True)
            if default not in (None, (), {}):  # left out means none: no value
                yield f"{prefix}{name}", default


def test_a_parameter_that_may_be_left_out_has_the_value_that_params_yaml_ships():
    """A params.yaml from before a key was there goes on: the default is the value as shipped."""
    shipped = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    found = dict(defaults(load_params(ROOT / "params.yaml")))
    assert {"source.max_quarantined", "timeline.test_snapshots", "source.simulator.days"} <= set(
        found
    )
    for key, default in found.items():
        value = shipped
        for part in key.split("."):
            value = value[part]
        assert value == default, key
