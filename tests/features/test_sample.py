"""A sample holds all of a customer or nothing, and every larger sample holds it too."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from features.history.category_history import HISTORY, OUTCOMES, read_categories
from features.reading import read_snapshots, rows_at, sample_of
from features.sample import EVERYBODY, HASHES, Sample

IDS = [f"customer {number}" for number in range(2_000)]


def written(folder, ids=IDS):
    """Two dates of two parts each, as `build_snapshots` names them."""
    folder.mkdir()
    rows = pd.DataFrame({"customer_id": ids, "orders": range(len(ids))})
    dates = pd.to_datetime(["2024-05-01", "2024-05-15"]).as_unit("us")
    for when in dates:
        for part, places in enumerate((rows.index < 900, rows.index >= 900)):
            name = f"{when.date()}-{part:04d}.parquet"
            rows[places].assign(as_of_date=when).to_parquet(folder / name, index=False)
    return folder


def test_a_customer_is_in_it_at_every_date_or_at_none(tmp_path):
    folder = written(tmp_path / "snapshots")
    sample = sample_of(folder, 1_000)
    assert sample.share == 0.25
    whole, drawn = read_snapshots(folder), read_snapshots(folder, sample)
    assert 800 < len(drawn) < 1_200
    kept = whole[whole["customer_id"].isin(drawn["customer_id"])]
    assert_frame_equal(drawn, kept.reset_index(drop=True))
    assert (drawn.groupby("customer_id").size() == 2).all()
    assert drawn["customer_id"].unique().tolist() == [
        one for one, there in zip(IDS, sample.has(pd.Series(IDS)), strict=True) if there
    ]


def test_every_larger_sample_holds_the_smaller_one_and_ids_alone_decide():
    ids = pd.Series(IDS)
    quarter, half = Sample(0.25).has(ids), Sample(0.5).has(ids)
    assert quarter.sum() < half.sum()
    assert half[quarter].all()
    backwards = Sample(0.25).has(ids[::-1].reset_index(drop=True))
    assert (backwards[::-1] == quarter).all()
    assert Sample(1 - 1e-12).has(ids).all()  # a share so near to all of them has no hash left out
    # md5("customer 0") begins with these digits: other machines and versions draw the same.
    digits = 0x327FD85E
    assert not Sample(digits / HASHES).has(ids[:1])[0]
    assert Sample((digits + 1) / HASHES).has(ids[:1])[0]


@pytest.mark.parametrize(("rows", "most"), [(0, 10), (10, 10), (9, 10)])
def test_where_all_rows_fit_everybody_is_in_it(rows, most):
    sample = Sample.of_rows(rows, most)
    assert sample == EVERYBODY and sample.is_everybody
    assert sample.has(pd.Series(IDS)).all()


def test_a_sample_without_anybody_still_has_its_columns(tmp_path):
    folder = written(tmp_path / "snapshots", IDS[:3])
    drawn = read_snapshots(folder, Sample(1e-9))
    assert drawn.empty and list(drawn) == ["customer_id", "orders", "as_of_date"]


def test_customers_of_a_date_are_counted_without_reading_them(tmp_path):
    folder = written(tmp_path / "snapshots")
    day = (pd.Timestamp("2024-05-15") - pd.Timestamp("1970-01-01")).days
    assert rows_at(folder, day) == len(IDS)
    assert rows_at(folder, day + 1) == 0


def test_a_few_columns_are_read_of_all_dates_as_far_as_they_are_there(tmp_path):
    folder = written(tmp_path / "snapshots")
    thin = read_snapshots(folder, Sample(0.25), ("customer_id", "orders", "spend_in_horizon"))
    whole = read_snapshots(folder, Sample(0.25))
    assert_frame_equal(thin, whole[["customer_id", "orders"]])


def test_categories_are_those_of_the_same_customers(tmp_path):
    rows = pd.DataFrame({"customer_id": IDS, "category": "tea"})
    for name in (HISTORY, OUTCOMES):
        (tmp_path / name).mkdir()
        rows.to_parquet(tmp_path / name / "2024-05-01-0000.parquet", index=False)
    sample = Sample(0.25)
    found = read_categories(tmp_path, sample)
    expected = rows.loc[sample.has(rows["customer_id"]), "customer_id"].tolist()
    assert found.history["customer_id"].tolist() == expected
    assert found.outcomes["customer_id"].tolist() == expected
    assert len(read_categories(tmp_path).history) == len(IDS)
