"""Each case of ../shared/cases: how it is read, how the run ends, and what is told on the way."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from benchmarks.zoo.road import lay_out, run_road
from tests.pipelines.project import QUICK

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not beside this repository"),
]
# What stops a run, in words of its message, and what must not be said.
STOPS = {
    "02-payments-one-number": ["order_id that is not theirs alone", "derive:"],
    "02b-no-order-number": ["no column order_id", "derive:"],
    "02c-customer-as-order": ["order_id is the customer's id", "derive:"],
    "08-scientific-ids": ["scientific notation, so its last digits are lost"],
    "13-id-per-order": ["Is customer_id an order's id"],
    "17-yaml-no": ["order_id", '"No"'],
}
# Rows kept of orders, and the findings of the data report.
ENDS = {
    "03-inclusive-ends": (7_806, set()),
    "03b-exclusive-ends": (7_806, set()),
    "04-missing-amounts": (8_063, {"unknown_amounts"}),
    "05-1c-thousands": (8_063, set()),
    "06-null-ids": (6_154, {"guests"}),
    "07-epoch-zero": (8_062, {"quarantined"}),
    "07c-old-year-typo": (8_062, {"quarantined"}),
    "09-dates-and-times": (8_063, set()),
    "10-cancelled-status": (8_063, {"not_a_purchase"}),
    "11-total-on-each-line": (24_250, {"total_on_each_line"}),
    "12-christmas-only": (2_729, {"yearly_rhythm"}),
    "14-attribute-names": (8_063, set()),
    "20b-datetime2-9999": (2_397, set()),
    "21-epoch-to-date": (8_063, set()),
    "22-mixed-line-ends": (8_063, set()),
    "23-clock-change-at-midnight": (None, set()),
    "24-phones-in-two-forms": (8_063, {"id_forms"}),
    "24b-lookalike-letters": (8_063, {"id_forms"}),
    "24c-email-case-and-zero-width": (8_063, {"id_forms"}),
    "25-complaint-with-a-capital": (8_063, set()),
    "26-null-in-ended-at": (None, set()),
    "27-binary-strings": (8_063, set()),
}
# What reading leaves to the models: nothing (amounts), gaps in the data, names of columns, tables
# beside the orders, another task. These walk the whole road; the others are told apart by reading
# alone, and end where snapshots are built of it.
WHOLE = {
    "03-inclusive-ends",
    "04-missing-amounts",
    "06-null-ids",
    "12-christmas-only",
    "14-attribute-names",
    "25-complaint-with-a-capital",
    "26-null-in-ended-at",
}


# Dates that models learn from: what is read, and what is odd about it, hangs on none of them.
FEW = {"snapshots": 3, "validation_snapshots": 1, "test_snapshots": 1}


def walked(case, folder, last=None):
    """The road of a case with quick models, as its params.yaml stands, or up to a stage."""
    text = (CASES / case / "params.yaml").read_text(encoding="utf-8")
    lay_out(folder, {**{name: QUICK[name] for name in ("model", "actions")}, "timeline": FEW})
    shipped = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    own = yaml.safe_load(text)
    # Appended as text: what YAML makes of a word is part of the case.
    rest = {name: part for name, part in shipped.items() if name not in own}
    task = own.get("task")
    if task is not None:
        rest["task"] = shipped["task"] | task
        text = text[: text.index("task:")]
    (folder / "params.yaml").write_text(yaml.safe_dump(rest) + text, encoding="utf-8")
    shutil.copytree(CASES / case / "data", folder / "inbox")
    return run_road(folder, last)


def test_every_case_has_an_expectation():
    there = {path.parent.name for path in CASES.glob("*/params.yaml")}
    assert there == {*STOPS, *ENDS}
    assert set(ENDS) > WHOLE


@pytest.mark.parametrize("case", STOPS)
def test_what_cannot_be_read_stops_with_the_cause_and_the_cure(case, tmp_path):
    end = walked(case, tmp_path)
    assert not end.through and not end.crash
    for words in STOPS[case]:
        assert words in end.error
    assert "rename customer_id" not in end.error and "horizon" not in end.error


@pytest.mark.parametrize("case", ENDS)
def test_what_can_be_read_ends_in_a_release_and_what_is_odd_is_told(case, tmp_path):
    end = walked(case, tmp_path, None if case in WHOLE else "snapshot")
    assert end.through, end.error + end.crash
    kept, told = ENDS[case]
    counts = json.loads((tmp_path / "data/quarantine/counts.json").read_text(encoding="utf-8"))
    report = json.loads((tmp_path / "reports/data_usability.json").read_text(encoding="utf-8"))
    assert kept is None or counts["orders"]["kept"] == kept
    found = [one["check"] for one in report["findings"]]
    assert told <= set(found)
    assert len({json.dumps(one, sort_keys=True) for one in report["findings"]}) == len(found)
    if case not in WHOLE:
        timeline = json.loads((tmp_path / "data/timeline.json").read_text(encoding="utf-8"))
        [score] = (tmp_path / "data/snapshots").glob(f"{timeline['score']}*.parquet")
        assert len(pd.read_parquet(score)) > 50
        return
    cards = pd.read_parquet(end.release / "cards.parquet")
    assert (cards["status"] == "scored").any()
    if case == "12-christmas-only":  # 25 December: who has just come gets no offer
        lately = (cards["as_of_date"] - cards["last_purchase_date"]).dt.days < 60
        assert lately.sum() > 300
        assert set(cards.loc[lately, "intended_action"].dropna()) <= {"do_nothing"}
