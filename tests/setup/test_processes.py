"""Processes that tests start, where the test fails before they end."""

import pytest

from tests.processes import python


def test_a_process_that_a_failed_test_leaves_is_ended():
    waits = "print('begun', flush=True); import time; time.sleep(600)"
    with pytest.raises(ZeroDivisionError), python("-c", waits) as process:
        assert process.stdout.readline() == "begun\n"
        1 / 0  # noqa: B018
    assert process.returncode == -9
