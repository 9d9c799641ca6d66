"""What the monitor says of drift is one story with its rows."""

import pytest

from serving.store.publishing import publish
from serving.store.reports import keep_report
from tests.serving.conftest import Running
from tests.serving.reading_pages import Tree, text_of
from tests.serving.test_monitor import monitor_report, steady_report


@pytest.fixture
def told(engine, release):
    """The text of the page in a language, once the report is kept."""
    release_id = publish(release, engine, keep=5).release_id

    def text(report, language):
        keep_report(engine, release_id, report)
        with Running(engine) as service:
            return text_of(Tree(service.get(f"/monitor?language={language}").text).one("main"))

    return text


def drifted_report():
    """Rows that drifted, with little weight, and no figure beyond its limit."""
    features = [{**one, "gain_share": 0.01} for one in monitor_report()["features"]]
    return steady_report() | {
        "features": features,
        "drifted": {"features": 2, "gain_share": 0.02},
    }


@pytest.mark.slow
def test_advice_to_keep_the_model_says_how_many_rows_drifted_and_why_that_is_no_reason(told):
    english, russian = (told(drifted_report(), language) for language in ("en", "ru"))
    assert "No need to retrain" in english
    assert "Drifted: 2 features. Little hangs on that" in english
    assert "2% of the weight in the model, and the risks themselves are steady" in english
    assert "Сильный сдвиг: 2 признака." in russian
    assert "2 % веса в модели, а сами риски – без сдвига" in russian


@pytest.mark.slow
def test_without_drifted_rows_or_where_drift_is_the_reason_that_is_not_said(told):
    for report in (steady_report(), monitor_report()):
        assert "Little hangs on that" not in told(report, "en")


def test_values_of_features_stand_with_their_units(told):
    text = told(steady_report(), "en")
    assert "12 days" in text and "31 days" in text
