"""What all tests share."""

from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("regulars", deadline=None)
settings.load_profile("regulars")

pytest_plugins = ["tests.plugin_browser", "tests.plugin_databases", "tests.plugin_skips"]


def pytest_configure(config):
    # Ibis 12 reads this option of pandas; nothing of ours does.
    config.addinivalue_line(
        "filterwarnings", "ignore:The 'future.infer_string' option is deprecated:DeprecationWarning"
    )
