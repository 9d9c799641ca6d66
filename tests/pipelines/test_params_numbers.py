"""Every number of params.yaml: words and sums that no number is are refused, whichever it is."""

from functools import reduce
from operator import getitem

import pytest
import yaml

from core.errors import ParamsError
from pipelines.params import load_params
from tests.each import check_each
from tests.pipelines.conftest import PARAMS


def numbers_within(content, at=()):
    """The place of every number of the parameters, and of every value that may be one."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from numbers_within(value, (*at, name))
    elif isinstance(content, list):
        for place, value in enumerate(content):
            yield from numbers_within(value, (*at, place))
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield at


def test_a_word_or_what_no_sum_can_be_is_never_taken_for_a_number(tmp_path):
    """YAML reads yes as true, which Python counts as 1; sums of 1e300 are beyond any float."""
    content = yaml.safe_load(PARAMS)
    content["source"] |= {"exchange": {"USD": 1.5}, "currency": "EUR"}
    content["actions"] |= {
        "owner_capacity": 3,
        "max_contacts_by_channel": {"email": 1},
        "effect_window_days": [30, 90],
        "holdout_share": 0.3,
    }
    content["task"] |= {"active_within_days": 90, "value_horizon_days": 365}
    content["timeline"] |= {"snapshots": 9}
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    load_params(path)
    # Another control_draw is any text at all.
    places = [at for at in numbers_within(content) if at[-1] != "control_draw"]
    assert len(places) > 60
    cures = {
        True: "a number: write one",
        1.7e300: "below 1,000,000,000,000,000: write",
    }
    for given, cure in cures.items():
        for *way, last in places:
            reduce(getitem, way, content)[last] = given
        path.write_text(yaml.safe_dump(content))
        with pytest.raises(ParamsError) as error:
            load_params(path)
        message = str(error.value)

        def is_refused(*at, given=given, cure=cure, message=message):
            assert f"{'.'.join(map(str, at))} is {given!r}; it should be {cure}" in message

        check_each(places, is_refused)


def test_a_number_that_yaml_reads_as_text_has_the_same_limit(wrong):
    """Without a sign in its exponent, 1e300 is text to YAML."""
    assert "actions.budget is 1e+300; it should be below" in wrong("budget: 1000", "budget: 1e300")
    assert "actions.budget is '1e400'; it should be a finite" in wrong("t: 1000", "t: 1e400")


def test_what_is_neither_text_nor_number_is_one_mistake(wrong):
    told = "actions.control_draw is True; it should be a valid string or a valid integer or"
    assert told in wrong("control_draw: 1", "control_draw: yes")
