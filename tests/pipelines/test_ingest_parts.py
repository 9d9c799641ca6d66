"""Stage `ingest` with large tables: the same tables, counts and report as with small ones."""

import json

import pandas as pd
import pytest

from core.rows import Rows
from pipelines import ingest, stage
from sources.tables import cutting
from tests.pipelines.roads import through
from tests.synthetic import Shop, tables


@pytest.mark.slow
def test_a_large_company_has_the_tables_and_the_report_of_a_small_one(
    tmp_path, monkeypatch, capsys
):
    shop = tables(Shop(customers=200))
    orders = shop["orders"].astype({"event_time": "str"})
    orders.loc[[7, 500, 900], "event_time"] = "some day"
    ended = through(tmp_path, shop | {"orders": orders}, {}, "ingest")
    assert ended.stage is None, ended.error or ended.crash
    monkeypatch.chdir(tmp_path)
    whole = {
        name: pd.read_parquet(path) for name, path in stage.tables(stage.table_names()).items()
    }
    aside = pd.read_parquet(stage.QUARANTINE / "orders.parquet")
    assert aside["event_time"].tolist() == ["some day"] * 3
    counts, report = (
        json.loads(path.read_text()) for path in (stage.QUARANTINE / "counts.json", stage.USABILITY)
    )
    monkeypatch.setattr(cutting, "LARGE", 500)
    monkeypatch.setattr(cutting, "PART", 400)
    monkeypatch.setattr(cutting, "LEAST_BYTES", 0)
    capsys.readouterr()
    ingest.main()
    assert "checked in memory" not in capsys.readouterr().out
    assert len(list(Rows.in_file(stage.TABLES / "orders.parquet", is_in_parts=True).parts())) > 3
    for name, rows in whole.items():
        found = pd.read_parquet(stage.TABLES / f"{name}.parquet")
        by = [column for column in rows if column != "line_id"]
        key = rows.columns.tolist() if name == "orders" else by
        pd.testing.assert_frame_equal(
            found[list(rows)].sort_values(key, ignore_index=True, kind="stable"),
            rows.sort_values(key, ignore_index=True, kind="stable"),
        )
    again = pd.read_parquet(stage.QUARANTINE / "orders.parquet")
    by = list(aside)
    pd.testing.assert_frame_equal(
        again.sort_values(by, ignore_index=True, kind="stable"),
        aside.sort_values(by, ignore_index=True, kind="stable"),
    )
    assert json.loads((stage.QUARANTINE / "counts.json").read_text()) == counts
    assert _plain(json.loads(stage.USABILITY.read_text())) == _plain(report)


def _plain(value):
    """Floats to nine digits: sums of parts come in another order."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value
