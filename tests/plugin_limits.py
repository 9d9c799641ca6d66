"""`make check` stays quick: a test that is not marked `slow` takes a second of processor at most.

    FAILED tests/models/test_churn.py::test_it_learns - Failed: The test took 4.8 seconds of
    processor, and one that `make check` runs may take 1.0. Make what it builds smaller, share ...

Counted are seconds of the processor, by the test and by the processes that it waited for, not
those on the clock: waiting makes no difference. A core that is shared with a neighbour counts up
to twice as many, and the first test of a worker that needs a library pays for its import (2.4
seconds were seen of one that takes half a second), so that only what takes more than MARGIN times
the limit is surely over it, and fails.
A slower machine has more of them too: a fixed piece of work then tells how many times as many.
The first test of a file may take twice as long: it may be the one that fills what is kept for all,
as the compiled features are.
What a fixture takes is counted apart, as others use it too.
"""

import resource
import time

import pytest

TEST_SECONDS = 1.0
FIXTURE_SECONDS = 2.0
MARGIN = 4.0
# What `yardstick` takes where the limits were set, on a quiet machine.
USUAL_YARDSTICK = 0.020
CURE = (
    "Make what it builds smaller, share it by a module's fixture, or mark the test slow and keep "
    "a quick one of its kind."
)


def processor_seconds():
    """Used so far by this process and by those that it started and waited for."""
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + waited.ru_utime + waited.ru_stime


def yardstick():
    """Seconds of processor for a fixed piece of work."""
    before = time.process_time()
    sum(number * number for number in range(500_000))
    return time.process_time() - before


def slowness():
    """How many times as long this machine takes as the usual one; never less than once."""
    return max(1.0, min(yardstick() for _ in range(3)) / USUAL_YARDSTICK)


def fail_if_over(what, seconds, limit, first=1):
    allowed = limit * MARGIN * first
    if seconds > allowed and seconds > allowed * slowness():
        pytest.fail(
            f"{what} took {seconds:.1f} seconds of processor, and one that `make check` runs may "
            f"take {limit}. {CURE}",
            pytrace=False,
        )


class Limits:
    """Fails a quick test, or a fixture that one asks for, that takes too long."""

    def __init__(self):
        self.quick = False  # whether the test that runs now is one of `make check`
        self.begun = set()  # files of which a test has run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        self.quick = item.get_closest_marker("slow") is None
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef):
        before = processor_seconds()
        value = yield
        if self.quick:
            seconds = processor_seconds() - before
            fail_if_over(f"The fixture `{fixturedef.argname}`", seconds, FIXTURE_SECONDS)
        return value

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        before = processor_seconds()
        value = yield
        if self.quick:
            first = 2 if item.path not in self.begun else 1
            fail_if_over("The test", processor_seconds() - before, TEST_SECONDS, first)
        self.begun.add(item.path)
        return value


def pytest_configure(config):
    config.pluginmanager.register(Limits(), "limits")
