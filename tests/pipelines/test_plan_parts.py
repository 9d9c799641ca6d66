"""What stage `plan` reads of a part of the customers."""

import pandas as pd

from features.reading import Customers
from pipelines.plan_parts import Company, PlannedPart


def test_a_gate_table_in_several_files_is_read_as_one_and_a_missing_one_is_none(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for number, ids in enumerate((["a", "b"], ["c", "d"], ["e"])):
        rows = pd.DataFrame({"customer_id": ids, "kind": "complaint"})
        rows.to_parquet(tmp_path / f"tickets-{number:04d}.parquet", index=False)
    pd.DataFrame({"customer_id": ["b"], "channel": "email"}).to_parquet("consents.parquet")
    part = PlannedPart(Company(tmp_path, None, None, {}, 14), Customers("b", "d"))
    history = part.history()
    assert list(history.tickets["customer_id"]) == ["b", "c"]
    assert list(history.consents["customer_id"]) == ["b"]
    assert history.contacts is None
