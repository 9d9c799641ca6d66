"""Words for an empty cell: read as one in every column of every table."""

import pandas as pd
import pytest

from sources.contract import CONTACTS, CUSTOMERS, SUBSCRIPTIONS, TICKETS
from sources.meanings.missing import MISSING_WORDS
from tests.sources.raw_tables import check, good, orders

SPELLINGS = ["NULL", "null", " None ", "NaN", r"\N", "<NA>", "NA", "n/a", "-", "", None]


@pytest.mark.slow_after(2)
@pytest.mark.parametrize("word", [*SPELLINGS, "0000-00-00 00:00:00"])
def test_an_end_that_says_it_is_not_there_is_a_subscription_that_runs(word):
    raw = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "subscription_id": ["1", "2"],
            "started_at": ["2023-01-01", "2023-01-01"],
            "ended_at": ["2023-03-01", word],
        }
    )
    result = check(raw, SUBSCRIPTIONS)
    assert result.counts["kept"] == 2
    assert result.rows["ended_at"].isna().tolist() == [False, True]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("word", SPELLINGS)
def test_every_optional_cell_with_such_a_word_is_empty_and_its_row_is_kept(word):
    raw = orders(
        *good(2), product=[word, "tea"], quantity=[word, "2"], known_at=[word, "2017-06-01"]
    )
    result = check(raw.assign(amount=[word, "5"]))
    assert result.counts["kept"] == 2
    assert result.rows[["product", "quantity", "known_at", "amount"]].isna().all(
        axis=1
    ).tolist() == [
        True,
        False,
    ]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("word", SPELLINGS)
def test_an_id_that_is_such_a_word_is_a_guest(word):
    raw = orders(*good(2)).assign(customer_id=[word, "c1"])
    assert check(raw).counts["guests"] == 1


def test_a_free_attribute_may_be_called_na_but_never_null():
    raw = pd.DataFrame({"customer_id": ["a", "b", "c"], "region": ["NA", "NULL", "EU"]})
    assert check(raw, CUSTOMERS).rows["region"].fillna("missing").tolist() == [
        "NA",
        "missing",
        "EU",
    ]


def test_a_required_cell_with_such_a_word_is_set_aside_with_the_word_it_held():
    raw = pd.DataFrame(
        {"customer_id": ["a", "b"], "ticket_id": ["1", "NULL"], "opened_at": ["2023-01-01"] * 2}
    )
    result = check(raw, TICKETS)
    assert result.quarantine["ticket_id"].tolist() == ["NULL"]
    assert result.quarantine["reason"].tolist() == ["ticket_id is missing"]


def test_the_channel_none_is_a_channel_and_null_is_not():
    raw = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "contact_id": ["1", "2"],
            "event_time": ["2023-01-01", "2023-01-01"],
            "action_id": ["do_nothing", "mail"],
            "channel": ["None", "NULL"],
            "arm": ["treated", "treated"],
        }
    )
    result = check(raw, CONTACTS)
    assert result.rows["channel"].tolist() == ["none"]
    assert result.quarantine["reason"].tolist() == ["channel is missing"]


def test_words_are_compared_in_small_letters():
    assert all(word == word.lower() for word in MISSING_WORDS)
