"""Data that nothing can be made of: a clear message, no traceback, and the last release stays."""

import pandas as pd
import pytest

from tests.synthetic import START, Shop, tables, weekly

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("end_to_end")]

ONE_CUSTOMER = weekly(customers=1, days=300)
NOBODY_LEAVES = weekly(customers=150, days=300)


@pytest.mark.parametrize(
    ("given", "kind", "said", "to_do"),
    [
        (ONE_CUSTOMER, "DataGateError", "belong to one customer", "Check that customer_id"),
        (NOBODY_LEAVES, "OneSidedError", "There are no churners at all", "Shorten task.horizon"),
    ],
    ids=["one customer only", "no churners at all"],
)
def test_it_is_told_in_words_and_the_last_release_stays(copied, given, kind, said, to_do):
    before = copied.manifest()
    copied.give(given)
    done = copied.run()
    assert done.code == 1
    assert f"{kind}: " in done.text
    assert said in done.text
    assert to_do in done.text
    assert "The last release stays as it is." in done.text
    assert "Traceback" not in done.text
    assert copied.manifest() == before
    assert copied.parent_runs() == 1


def test_a_dead_feed_stops_scoring_until_its_days_are_known(copied):
    before = copied.manifest()
    given = tables(Shop())
    stopped = START + pd.Timedelta(days=285)  # contacts go on until day 297
    given["orders"] = given["orders"][given["orders"]["event_time"] < f"{stopped}"]
    copied.give(given)
    done = copied.reach("release")
    assert done.code == 1
    assert "data usability: 1 error" in done.text
    assert "DataGateError: Nobody is scored, for a dead feed looks like mass churn." in done.text
    assert "0 orders from 2024-10-12 to 2024-10-23, where" in done.text
    assert "Traceback" not in done.text
    assert copied.manifest() == before
    copied.change(source={"known_gaps": [["2024-10-12", "2024-10-23"]]})
    done = copied.reach("release")
    assert done.code == 0, done.text
    assert copied.manifest() != before


def test_a_mistake_in_params_is_told_before_anything_runs(copied):
    path = copied.folder / "params.yaml"
    path.write_text(path.read_text().replace("horizon_days", "horizon_day", 1))
    done = copied.run()
    assert done.code == 1
    assert "task.horizon_day is not a parameter. Did you mean horizon_days?" in done.text
    assert "ParamsError: params.yaml: " in done.text
    assert "Running stage" not in done.text
    assert "Traceback" not in done.text


def test_a_project_without_a_release_says_that_there_is_none_yet(copied):
    copied.give({"orders": pd.DataFrame({"customer": ["a"], "order_id": ["o"], "when": ["x"]})})
    (copied.folder / "dvc.lock").unlink()
    copied.python("-c", "import shutil; shutil.rmtree('data')")
    done = copied.run()
    assert done.code == 1
    assert "TableError: orders has no column customer_id" in done.text
    assert "Did you mean customer?" in done.text
    assert "There is no release yet." in done.text
    assert "Traceback" not in done.text


def test_a_column_filled_in_after_leaving_stops_the_run_until_a_reason_is_written(copied):
    before = copied.manifest()
    given = tables(Shop())
    last = given["orders"].groupby("customer_id")["event_time"].max()
    # Somebody notes who was still there at the end: it tells what the test date may not know.
    gone = given["customers"]["customer_id"].map(last).fillna("") < f"{START:%Y}-09-26"
    given["customers"]["state"] = gone.map({True: "closed", False: "open"})
    copied.give(given)
    copied.change(source={"static_attributes": ["state"]})
    done = copied.reach("release")
    assert done.code == 1
    assert "LeakError: Too good to be true: attribute_state (AUC 1.000) alone tells" in done.text
    assert "Traceback" not in done.text
    assert copied.manifest() == before
    assert copied.parent_runs() == 1
    reason = "the shop closes an account on the day the customer asks for it"
    copied.change(model={"accepted_leaks": {"attribute_state": reason}})
    done = copied.reach("release")
    assert done.code == 0, done.text
    assert copied.manifest()["release_id"] != before["release_id"]
    assert reason in (copied.release / "reports" / "model_card.md").read_text(encoding="utf-8")
