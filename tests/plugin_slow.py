"""Which tests `make check` runs, which wait for `make test`, and which stay on one worker.

    @pytest.mark.slow              # this one waits
    @pytest.mark.slow_after(1)     # of its cases, all but the first one wait
    @given(...)                    # is run twice: with few examples, and with all in `make test`

A sentinel of each kind of proof stays quick: it tells in a minute that something is broken, and
the others tell what.

Tests that share a fixture of their module stay on one worker: each worker that took some of them
would build it once more.
"""

from collections import Counter

import pytest
from hypothesis import settings

# Groups that take minutes, in the order in which workers take them. The two of whole runs do not
# begin side by side: the second would wait until the first has made the run that both look at.
LONGEST = ("end_to_end", "spark", "other_runs", "browser")
QUICK, THOROUGH = "not slow", "thorough"
# How long an example takes says more about the machine than about the code.
settings.register_profile(QUICK, deadline=None, max_examples=10)
settings.register_profile(THOROUGH, deadline=None)


def examples(number, quick=None):
    """As many examples where all tests run; in `make check` a tenth of them, or `quick`."""
    if settings.get_current_profile_name() != QUICK:
        return number
    return quick or max(2, number // 10)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: left to `make test`; `make check` leaves these out")
    config.addinivalue_line("markers", "slow_after(number): so many of its cases are not slow")
    quick = config.option.markexpr == QUICK
    settings.load_profile(QUICK if quick else THOROUGH)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Before xdist reads the groups, and before `-m "not slow"` is applied."""
    cases = Counter()
    for item in items:
        function = item.nodeid.partition("[")[0]
        cases[function] += 1
        marker = item.get_closest_marker("slow_after")
        if marker and cases[function] > marker.args[0]:
            item.add_marker("slow")
        if _is_drawn(item) and config.option.markexpr != QUICK:
            item.add_marker("slow")
        if not item.get_closest_marker("xdist_group") and _shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    # The longest first: what is short fills the time until all workers have ended.
    items.sort(key=_turn)


def _turn(item):
    marker = item.get_closest_marker("xdist_group")
    return LONGEST.index(marker.args[0]) if marker and marker.args[0] in LONGEST else len(LONGEST)


def _is_drawn(item):
    return getattr(getattr(item, "obj", None), "is_hypothesis_test", False)


def _shares_a_fixture(item):
    found = item._fixtureinfo.name2fixturedefs.values()
    return any(definition.scope == "module" for (*_, definition) in found)
