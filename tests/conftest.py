"""What all tests share."""

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
