"""A time zone that is none is refused with the one that is meant."""

import re
from zoneinfo import available_timezones

import pytest
from pydantic import ValidationError

from sources.written.zones import MEANT, PARTS_OF_HOURS
from tests.sources.raw_tables import params


@pytest.mark.slow_after(17)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("MSK", "Europe/Moscow"), ("Moscow", "Europe/Moscow"), ("МСК", "Europe/Moscow")],
        *[("UTC+3", "Etc/GMT-3"), ("UTC+03:00", "Etc/GMT-3"), ("+0300", "Etc/GMT-3")],
        *[
            ("GMT+5", "Etc/GMT-5"),
            ("gmt -5", "Etc/GMT+5"),
            ("UTC−8", "Etc/GMT+8"),
            ("UTC+0", "UTC"),
        ],
        *[("UTC+5:30", "Asia/Kolkata"), ("MSK+4", "Etc/GMT-7"), ("UTC-3:30", "America/St_Johns")],
        *[("PST", "America/Los_Angeles"), ("EDT", "America/New_York"), ("CST", "America/Chicago")],
        *[
            ("CEST", "Europe/Berlin"),
            ("europe/moscow", "Europe/Moscow"),
            ("est", "America/New_York"),
        ],
        *[("New York", "America/New_York"), ("W. Europe Standard Time", "Europe/Berlin")],
        *[("Europe/Moskow", "Europe/Moscow"), ("berlin", "Europe/Berlin")],
    ],
)
def test_a_zone_that_is_none_is_refused_with_the_one_that_is_meant(written, meant):
    with pytest.raises(ValidationError, match=re.escape(f"Did you mean {meant}?")):
        params(timezone=written)
    assert params(timezone=meant).timezone == meant


@pytest.mark.parametrize("written", ["UTC+99", "UTC+3:17", "xyzzy"])
def test_where_no_zone_is_meant_none_is_named(written):
    with pytest.raises(ValidationError, match="is not a time zone") as error:
        params(timezone=written)
    assert "Did you mean" not in str(error.value)


def test_every_zone_that_is_named_exists():
    assert {*MEANT.values(), *PARTS_OF_HOURS.values()} <= available_timezones()
