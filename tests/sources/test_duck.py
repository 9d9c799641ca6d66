"""No DuckDB of ours takes the zone of the machine."""

import re
from pathlib import Path

from sources.duck import connect

ROOT = Path(__file__).parents[2]
PACKAGES = ("sources", "features", "models", "actions", "serving", "pipelines")


def test_every_duckdb_of_ours_is_connected_to_in_one_place():
    found = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if re.search(r"duckdb\.connect\(", path.read_text(encoding="utf-8"))
    ]
    assert found == ["sources/duck.py"]


def test_its_zone_is_utc():
    with connect(threads=1) as connection:
        settings = "SELECT current_setting('TimeZone'), current_setting('threads')"
        assert connection.execute(settings).fetchone() == ("UTC", 1)
