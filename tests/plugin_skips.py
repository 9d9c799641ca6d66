"""In CI a skipped test fails, unless its reason names a thing that not every machine of CI has:
../shared/data or cases, or the right to mount a folder.

A test that quietly skips proves nothing, and nobody reads a green run. Active where CI is true.
"""

import os

import pytest

EXEMPT = ("../shared/data", "../shared/cases", "the right to mount")


def _fail_if_skipped(report):
    in_ci = os.environ.get("CI", "").lower() in {"1", "true"}
    if in_ci and report.skipped and not hasattr(report, "wasxfail"):
        path, line, reason = report.longrepr
        if not any(folder in reason for folder in EXEMPT):
            report.outcome = "failed"
            report.longrepr = (
                f"{path}:{line}: {reason}\nIn CI only a test that needs {' or '.join(EXEMPT)} "
                "may skip, and its reason has to name it."
            )
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    """A test that skips, by mark or by pytest.skip()."""
    return _fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report():
    """A whole module that skips, by pytest.importorskip() or a skip at its top."""
    return _fail_if_skipped((yield))
