"""The worklist in a browser: how much of it is seen at once."""

import pandas as pd
import pytest

from serving.wording.languages import LANGUAGES
from tests.serving.conftest import serve
from tests.serving.releases import company, write_release

# Windows, and how many customers are seen whole in each without scrolling; Russian is longer.
SEEN = [((1440, 900), (9, 8)), ((1024, 768), (6, 4)), ((390, 844), (2, 2))]
WHOLE = """[...document.querySelectorAll("tr[data-customer]")]
    .filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"""


@pytest.fixture(scope="module")
def fresh(new_store_url, tmp_path_factory):
    """A service whose list is not out of date, as on any usual day."""
    later = pd.Timestamp.now().normalize() + pd.Timedelta(days=9)
    rows = [row | {"expires_at": later} for row in company(60)]
    folder = tmp_path_factory.mktemp("fresh") / "release"
    yield from serve(new_store_url, write_release(folder, rows))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("window", "fewest"), SEEN)
def test_a_window_shows_many_customers_at_once(opened, fresh, window, fewest, language):
    width, height = window
    viewport = {"width": width, "height": height}
    page = opened(f"/?language={language}", service=fresh, viewport=viewport)
    assert page.evaluate(WHOLE) >= fewest[LANGUAGES.index(language)]
