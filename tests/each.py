"""One test over many small cases that names every case that fails, not only the first.

    def test_every_parameter_is_documented():
        check_each(KEYS, is_documented)

A parametrised test costs some milliseconds a case before it does anything: a thousand cases that
compare words are then a quarter of a minute of nothing. Where cases share no fixture and each
takes no time, a loop proves the same.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def check_each(cases: Iterable[Any], check: Callable[..., None]) -> None:
    """Calls `check(case)` (a tuple: `check(*case)`) for all; fails with a line for each that fails.

    A case fails by `assert`, or by a LookupError: a word that is not there. Anything else is an
    error of the check itself and ends the test at once.
    """
    given = list(cases)
    if not given:
        pytest.fail("There is no case to check: such a test proves nothing.", pytrace=False)
    failures = []
    for case in given:
        try:
            check(*case) if isinstance(case, tuple) else check(case)
        except (AssertionError, LookupError) as error:
            failures.append(f"{case}: {type(error).__name__}: {error}")
    if failures:
        lines = [f"{len(failures)} of {len(given)} cases fail:", *failures]
        pytest.fail("\n".join(lines), pytrace=False)
