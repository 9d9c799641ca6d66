"""The usability report on real purchases: no false alarm on any day, and what is known of them."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from features.params import TaskParams
from features.timeline import date_of
from features.usability.feed import feeds
from features.usability.report import as_json, usability_report
from features.usability.volume import Volume, tail_drop
from sources.params import SourceParams
from sources.registry import load
from sources.tables.check_tables import check_tables
from tests.features.usable import Seen, kept
from tests.features.world import on_duckdb

ROOT = Path(__file__).resolve().parents[2]
RETAIL = ROOT.parent / "shared" / "data" / "online_retail" / "online_retail.parquet"
pytestmark = pytest.mark.slow
SOURCES = (
    "complete_journey",
    "cdnow",
    "simulator",
    pytest.param(
        "online_retail",
        marks=pytest.mark.skipif(
            not RETAIL.is_file(),
            reason="../shared/data/online_retail is not beside this repository",
        ),
    ),
)
TO_DO = {"missing_table", "unknown_column", "empty_cells"}  # what more could be brought
EXPECTED = {
    "complete_journey": set(),
    "cdnow": {"short_history", "bought_once", "midnights"},
    "simulator": {"short_horizon", "other_period"},
    "online_retail": {"gap", "short_history", "guests", "outliers"},
}


def params_of(name, folder):
    if name == "online_retail":
        (folder / "orders.parquet").symlink_to(RETAIL)
        page = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
        block = yaml.safe_load(page.split("```yaml", 1)[1].split("```", 1)[0])
        return SourceParams(**{**block["source"], "path": str(folder)})
    return SourceParams(kind=name, simulator={"customers": 1500, "days": 400, "seed": 3})


@pytest.fixture(scope="module", params=SOURCES)
def source(request, tmp_path_factory):
    """Name, checked tables and report of one source."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # the simulator writes below the working directory
        params = params_of(request.param, folder)
        tables = check_tables(load(params), params)
    frames = {name: table.rows for name, table in tables.items()}
    engine = on_duckdb(frames)
    task = TaskParams(
        churn="lapse",
        horizon_days=28 if request.param in ("complete_journey", "simulator") else "auto",
        active_within_days="auto",
        value_horizon_days="auto",
    )
    return (
        request.param,
        kept(tables),
        as_json(usability_report(kept(tables), engine, params, task)),
    )


def test_the_findings_are_those_that_are_known(source):
    name, _, report = source
    assert Seen(report["findings"]).checks() - TO_DO == EXPECTED[name]
    assert not any(one["severity"] == "error" for one in report["findings"])


def test_no_feed_would_have_been_called_dead_on_any_day(source):
    _, tables, _ = source
    for feed in feeds(tables):
        for days in range(30, len(feed.volume.counts) + 1):
            counts = feed.volume.counts[:days]
            volume = Volume(feed.volume.first, counts[: np.flatnonzero(counts)[-1] + 1])
            if feed.table == "orders" and len(volume.counts) < days:
                continue  # a closed shop, whose other feeds would have to tell that time goes on
            assert tail_drop(volume, volume.first + days - 1) is None, date_of(volume.first + days)


@pytest.mark.parametrize(("days", "left"), [(4, 0.0), (8, 0.1), (21, 0.1), (70, 0.0)])
def test_a_feed_of_orders_that_died_is_told(source, days, left):
    _, tables, _ = source
    (orders,) = (feed.volume for feed in feeds(tables) if feed.table == "orders")
    counts = orders.counts.copy()
    counts[-days:] = np.random.default_rng(1).binomial(counts[-days:].astype(int), left)
    volume = Volume(orders.first, counts[: np.flatnonzero(counts)[-1] + 1])
    died = tail_drop(volume, orders.last)
    assert died is not None
    # A few days of little trade just before cannot be told from the drop.
    assert abs(died.first - (orders.last + 1 - days)) <= 7


def test_the_closed_weeks_of_online_retail_are_its_gaps(source):
    name, _, report = source
    if name != "online_retail":
        return
    gaps = [(one["first_day"], one["last_day"]) for one in report["volume"]["orders"]["quiet"]]
    assert gaps == [("2010-12-27", "2011-01-03"), ("2011-04-22", "2011-04-25")]
