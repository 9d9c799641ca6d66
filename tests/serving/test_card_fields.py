"""The classes of the score card are its one table: all that shows a field follows from them."""

import re
import shutil
import subprocess
import sys
import textwrap

import pyarrow as pa
import pytest

from serving.cards.card import (
    ScoreCard,
)
from serving.cards.csv import COLUMNS
from serving.cards.parts import (
    IntendedAction,
)
from serving.cards.query import AtRiskQuery, Filters
from serving.cards.sorting import ASCENDING, DESCENDING, MONEY, RANKED
from serving.live.golden import NUMBERS
from serving.store import shapes
from serving.store.list_index import SCHEMA
from serving.wording.languages import LANGUAGES
from serving.wording.writing import messages_of
from tests.serving.releases import card_row
from tests.test_docs import ROOT

PAGE = (ROOT / "docs" / "release.md").read_text(encoding="utf-8")
# Rows of its table of fields, the first cell of each.
DOCUMENTED = re.findall(r"^\| (`.*?) \|", PAGE.split("## The card")[1], flags=re.MULTILINE)
ONLY_SERVED = {"release_id", "risk_change", "purchases", "is_live"}
NEW_FIELD = "    loyalty_points: Annotated[Number | None, Csv(99)] = None"
USE_IT = """
    from pathlib import Path

    from serving.app import create_app
    from serving.cards.csv import csv_lines
    from serving.cards.card import (ScoreCard,)
    from serving.store.database import open_store
    from serving.store.publishing import publish
    from serving.store.reading import one_card
    from tests.serving.releases import card_row, write_release

    rows = [card_row("a", loyalty_points=12.5), card_row("b", loyalty_points=None)]
    folder = write_release(Path("release"), rows)
    engine = open_store("sqlite:///store.sqlite3")
    publish(folder, engine, keep=2)
    card = one_card(engine, "a", with_purchases=False)[1]
    assert card["loyalty_points"] == 12.5
    heading, line = (text.strip().split(",") for text in csv_lines([card], "en", for_excel=False))
    assert (heading[-1], line[-1]) == ("loyalty_points", "12.5"), (heading, line)
    heading = next(csv_lines([], "en", for_excel=True))
    assert heading.strip().endswith(",loyalty points"), heading
    assert "loyalty_points" in ScoreCard.model_json_schema()["properties"]
    assert one_card(engine, "b", with_purchases=False)[1]["loyalty_points"] is None
"""


@pytest.mark.slow
def test_a_field_more_is_one_line_of_the_card_and_stands_in_api_and_csv(tmp_path):
    packages = ("core", "sources", "features", "models", "actions", "serving")
    # Byte code comes and goes while it is copied, where another worker imports.
    no_cache = shutil.ignore_patterns("__pycache__")
    for package in packages:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=no_cache)
    (tmp_path / "tests" / "serving").mkdir(parents=True)
    for file in (ROOT / "tests" / "serving").glob("*.py"):
        if not file.name.startswith("test_"):
            shutil.copy(file, tmp_path / "tests" / "serving")
    schema = tmp_path / "serving" / "cards" / "card.py"
    before, here, after = schema.read_text(encoding="utf-8").partition("    rfm_segment: ")
    schema.write_text(f"{before}{NEW_FIELD}\n{here}{after}", encoding="utf-8")
    script = tmp_path / "use_it.py"
    script.write_text(textwrap.dedent(USE_IT), encoding="utf-8")
    ran = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_columns_of_the_csv_have_places_from_one_on_and_none_twice():
    assert [column.place for column in COLUMNS.values()] == list(range(1, len(COLUMNS) + 1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_of_the_csv_has_a_heading_in_each_language(language):
    messages = messages_of(language)
    wanted = {f"{'column' if one.is_derived else 'field'}.{one.name}" for one in COLUMNS.values()}
    assert wanted - set(messages) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_family_of_codes_has_words_in_each_language(language):
    families = {key.rpartition(".")[0] for key in messages_of(language)}
    assert {one.words for one in COLUMNS.values() if one.words} - families == set()


def test_every_column_of_cards_parquet_and_no_other_is_documented():
    named = {name for cell in DOCUMENTED for name in re.findall(r"`(\w+)`", cell)}
    assert named == shapes.COLUMNS


def test_every_field_that_only_serving_adds_is_documented_below_the_others():
    fields = set(ScoreCard.model_fields) - shapes.COLUMNS - set(shapes.CATEGORIES)
    nested = {name for name, columns in shapes.BUILT.items() if columns}
    assert fields == ONLY_SERVED | nested - {"intended_action"}
    for name in ONLY_SERVED - {"purchases"} | nested:
        assert f"`{name}`" in PAGE


def test_a_row_of_the_tests_has_the_columns_of_a_release():
    assert shapes.COLUMNS - set(card_row("a")) == {
        "rung",
        "silence_over_usual",
        "value_extrapolation",
    }
    assert set(card_row("a")) - shapes.COLUMNS == set()


def test_what_spark_scores_are_columns_of_a_release():
    assert set(NUMBERS) - shapes.COLUMNS == set()


def test_every_order_of_the_list_has_a_column_that_is_never_empty():
    for name in (*DESCENDING, *ASCENDING):
        kind = pa.float64() if name in DESCENDING else pa.int32() if name in RANKED else pa.date32()
        assert SCHEMA.field(name).type == kind
        assert name in {*ScoreCard.model_fields, *IntendedAction.model_fields}
    assert set(MONEY) <= set(DESCENDING)


def test_every_filter_is_a_column_or_one_that_reading_knows_by_name():
    columns = {name.removeprefix("min_") for name in Filters.model_fields}
    assert columns - set(SCHEMA.names) == {
        *("to_contact", "to_win_back", "q", "changed_since"),
        *("risk_rose", "not_contacted_days", "task_state", "assignee"),
    }
    assert set(Filters.model_fields) < set(AtRiskQuery.model_fields)
