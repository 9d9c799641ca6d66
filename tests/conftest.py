"""What all tests share."""

import os

# Two workers on two cores: threads inside of one only wait for each other. With two of them the
# small matrices of the tests take OpenBLAS twice the processor's time. Before NumPy is imported,
# and inherited by workers and by what tests start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = [
    "tests.plugin_browser",
    "tests.plugin_databases",
    "tests.plugin_limits",
    "tests.plugin_skips",
    "tests.plugin_slow",
]


def pytest_configure(config):
    # Ibis 12 reads this option of pandas; nothing of ours does.
    config.addinivalue_line(
        "filterwarnings", "ignore:The 'future.infer_string' option is deprecated:DeprecationWarning"
    )
