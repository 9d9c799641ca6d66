"""A ready table is read as it is meant, and what cannot be read says the line that mends it."""

import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from core.errors import ParamsError, SourceError, TableError
from pipelines.params import load_params
from sources.params import SourceParams
from sources.ready.check import check_ready
from sources.registry import fingerprint, load

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(4)
N = 60
PLAIN = pd.DataFrame(
    {
        "who": [f"c{number:03d}" for number in range(N)],
        "plan": RNG.choice(["basic", "pro"], N),
        "fee": RNG.normal(50, 9, N).round(2),
        "left": np.where(np.arange(N) % 3 == 0, "Yes", "No"),
    }
)


def source(path, **more):
    return SourceParams(
        **{"kind": "table", "path": str(path), "label": "left", "customer": "who", **more}
    )


@pytest.fixture
def read(tmp_path):
    """The checked table of a frame, by way of a file; keys are those of `source`."""

    def read(frame, **more):
        path = tmp_path / "table.csv"
        frame.to_csv(path, index=False)
        params = source(path, **more)
        return check_ready(load(params)["table"], params)

    return read


def cured(read, frame, said, **more):
    """The table with the line that a refusal says, pasted below `source:`."""
    (line,) = re.findall(
        said + r"((?:derive|as_of|filter): .*?)\.?$", str(refusal(read, frame, **more))
    )
    return read(frame, **more, **yaml.safe_load(line))


def refusal(read, frame, **more):
    with pytest.raises(TableError) as caught:
        read(frame, **more)
    return caught.value


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("left", "stayed"),
    [
        *(("Yes", "No"), ("1", "0"), ("да", "нет"), ("TRUE", "FALSE"), ("Churned", "Stayed")),
        *(("1.0", "0.0"), ("Attrited Customer", "Existing Customer"), ("ушёл", "остался")),
    ],
)
def test_words_of_leaving_and_staying_are_read_and_an_empty_cell_is_not_known(read, left, stayed):
    words = np.where(np.arange(N) % 3 == 0, left, stayed).astype(object)
    words[:5] = ""
    rows = read(PLAIN.assign(left=words)).rows
    assert rows["churned"][:5].isna().all()
    assert (rows["churned"][5:] == (np.arange(N) % 3 == 0)[5:]).all()


def test_two_words_that_say_nothing_are_refused_with_a_line_for_each_meaning(read):
    frame = PLAIN.assign(left=np.where(PLAIN["left"] == "Yes", "Gone away", "it's here"))
    told = str(refusal(read, frame))
    assert "it's here (40), Gone away (20)" in told
    for word, share in (("Gone away", 1 / 3), ("it's here", 2 / 3)):
        (line,) = re.findall(rf"where {word} means that the customer left: (.*?\}}\}})", told)
        assert read(frame, **yaml.safe_load(line)).rows["churned"].mean() == share


def test_a_word_beside_a_known_one_means_its_opposite_and_the_line_runs(read):
    frame = PLAIN.assign(left=np.where(PLAIN["left"] == "Yes", "Churned", "Aboard"))
    rows = cured(read, frame, "in params.yaml: ").rows
    assert rows["churned"].sum() == (PLAIN["left"] == "Yes").sum()


def test_a_yes_that_may_mean_staying_is_not_guessed(read):
    frame = PLAIN.rename(columns={"left": "is_active"})
    told = str(refusal(read, frame, label="is_active"))
    (line,) = re.findall(r"where yes means that the customer stayed: (.*?\}\});", told)
    rows = read(frame, label="is_active", **yaml.safe_load(line)).rows
    assert rows["churned"].sum() == (PLAIN["left"] == "No").sum()


@pytest.mark.slow
def test_a_label_of_one_outcome_or_none_at_all_is_refused(read):
    told = str(refusal(read, PLAIN.assign(left="No")))
    assert "says of all 60 customers that they stayed" in told
    some = PLAIN.assign(left=PLAIN["left"].where(PLAIN["left"] == "Yes", ""))
    assert "that they left" in str(refusal(read, some))
    assert cured(read, some, "in params.yaml: ").rows["churned"].mean() == 1 / 3
    assert "is empty in all 60 rows" in str(refusal(read, PLAIN.assign(left="")))


@pytest.mark.slow
def test_a_customer_with_several_rows_needs_a_date_and_the_line_names_it(read):
    later = PLAIN.assign(fee=PLAIN["fee"] + 1)
    frame = pd.concat([PLAIN.assign(month="2024-01-01"), later.assign(month="2024-02-01")])
    assert "60 customers of who have several rows" in str(refusal(read, frame))
    ready = cured(read, frame, "in params.yaml: ")
    assert len(ready.rows) == 2 * N
    assert ready.rows["as_of_date"].nunique() == 2
    undated = frame.drop(columns="month")
    assert "keep one row of each customer" in str(refusal(read, undated))


def test_rows_repeated_to_the_letter_count_once_and_totals_are_set_aside(read):
    foot = pd.DataFrame({"who": ["Итого"], "plan": [""], "fee": [3000.0], "left": [""]})
    ready = read(pd.concat([PLAIN.head(9), foot, PLAIN[9:], PLAIN.head(3)]))
    assert ready.counts["duplicates"] == 3
    assert ready.counts["quarantined"] == 1
    assert len(ready.rows) == N


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("first", ["day", "month"])
def test_dates_that_do_not_show_which_is_the_month_are_asked_for(read, first):
    frame = PLAIN.assign(**{"на дату": RNG.choice(["01/02/2024", "03/04/2024"], N)})
    told = str(refusal(read, frame, as_of="на дату"))
    (line,) = re.findall(rf"where the {first} stands first: (.*?\}}\}})", told)
    ready = read(frame, as_of="на дату", **yaml.safe_load(line))
    months = {"day": {2, 4}, "month": {1, 3}}[first]
    assert set(ready.rows["as_of_date"].dt.month) == months


@pytest.mark.slow
def test_columns_are_typed_by_their_cells_and_what_says_nothing_is_left_out(read):
    fees = PLAIN["fee"].map(lambda fee: f"1 {fee:.2f}".replace(".", ",").replace("1 ", "1 0", 1))
    frame = PLAIN.assign(
        **{
            "Сумма, ₽": fees,
            "blank": PLAIN["fee"].astype(str).where(np.arange(N) % 9 > 0, " "),
            "e-mail": [f"u{number}@example.com" for number in range(N)],
            "row": range(1, N + 1),
            "phone": RNG.permutation(79_000_000_000 + np.arange(N) * 7),
            "one": "x",
            "empty": "",
            "joined": pd.date_range("2020-01-05", periods=N).strftime("%d.%m.%Y"),
            "day": pd.date_range("2020-01-05", periods=N).strftime("%Y%m%d").astype(int),
            "huge": RNG.normal(size=N) * 1e15,
            "churned": RNG.integers(0, 3, N),
            "customer_id": RNG.choice(["a", "b"], N),
        }
    )
    ready = read(frame)
    assert {one.name: one.why for one in ready.left_out} == {
        "e-mail": "id",
        "row": "id",
        "phone": "id",
        "one": "constant",
        "empty": "empty",
        "joined": "dates",
        "day": "dates",
        "huge": "too_large",
    }
    kinds = {
        name: pd.api.types.is_numeric_dtype(ready.rows[name])
        for name in ready.rows
        if name.startswith("column_")
    }
    assert kinds == {
        "column_plan": False,
        "column_fee": True,
        "column_Сумма, ₽": True,
        "column_blank": True,
        "column_churned": True,
        "column_customer_id": False,
    }
    assert ready.rows["column_Сумма, ₽"].between(1000, 1100).all()
    assert ready.rows["column_blank"].isna().sum() == 7
    derived = read(frame, derive={"table": {"phone": "phone"}})
    assert "column_phone" in derived.rows


def test_yes_and_no_keep_the_words_of_the_table(read, tmp_path):
    frame = PLAIN.assign(
        partner=RNG.choice(["Yes", "No"], N), paid=RNG.choice(["true", "false"], N)
    )
    rows = read(frame).rows
    assert rows["column_partner"].tolist() == frame["partner"].tolist()
    assert set(rows["column_paid"]) == {"true", "false"}
    frame.assign(paid=frame["paid"] == "true").to_parquet(tmp_path / "t.parquet")
    params = source(tmp_path / "t.parquet")
    told = check_ready(load(params)["table"], params).rows["column_paid"]
    assert set(told) == {"True", "False"}


def test_money_in_several_currencies_is_left_out_and_in_one_is_named(read):
    euros = PLAIN.assign(fee="€" + PLAIN["fee"].astype(str))
    ready = read(euros, value="fee")
    assert (ready.currency, ready.rows["at_stake"].tolist()) == ("EUR", PLAIN["fee"].tolist())
    mixed = read(PLAIN.assign(fee=euros["fee"].where(PLAIN["plan"] == "pro", "$5")), value="fee")
    assert mixed.currency is None
    assert "at_stake" not in mixed.rows
    assert "currencies" in {note.check for note in mixed.notes if note.column == "fee"}


def test_a_column_that_is_not_there_is_told_with_the_nearest(read):
    assert "Did you mean left?" in str(refusal(read, PLAIN, label="lft"))
    assert "no column beside" in str(refusal(read, PLAIN[["who", "left"]]))


def test_the_file_may_be_a_sheet_or_packed_and_several_tables_are_asked_for(tmp_path):
    PLAIN.to_csv(tmp_path / "t.csv.gz", index=False)
    params = source(tmp_path / "t.csv.gz")
    assert len(check_ready(load(params)["table"], params).rows) == N
    assert list(fingerprint(params)["files"]) == ["t.csv.gz"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, PLAIN.to_csv(index=False))
    with pytest.raises(SourceError, match="holds 2 tables") as caught:
        load(source(tmp_path / "all.zip"))
    path = re.findall(r'"([^"]*#b\.csv)"', str(caught.value))[0]
    assert len(load(source(path))["table"]) == N
    with pytest.raises(SourceError, match=r"names the folder .* holds all\.zip, t\.csv\.gz"):
        load(source(tmp_path))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "table", "path": "t.csv"}, "kind: table needs label and customer"),
        ({"label": "Churn"}, "only kind: table reads"),
        (
            {"kind": "table", "path": "t.csv", "label": "a", "customer": "a"},
            "one is named twice",
        ),
        (
            {
                "kind": "table",
                "path": "t",
                "label": "a",
                "customer": "b",
                "filter": {"orders": "x"},
            },
            "there is one, which is called table",
        ),
    ],
)
def test_params_of_a_ready_table_go_together(tmp_path, given, said):
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["source"] |= given
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ParamsError, match=said):
        load_params(tmp_path / "params.yaml")
