"""The number of parts changes nothing: the same rows, sums and reports, to the last bit."""

import json

import numpy as np
import pandas as pd
import pytest

from actions.plan.estimates import Estimates
from actions.plan.everybody import Settings
from actions.plan.gates import History
from actions.plan.part import InMemory
from actions.plan.plan import make_plan, plan_of, rows_of
from core import arrays
from core.each import in_turn
from core.parts import write_each, write_parts
from tests.elsewhere import elsewhere

AS_OF = pd.Timestamp("2018-01-01")
PEOPLE = 900
CASES = {
    "limits that bind": {"budget": 300.0, "capacities": {"email": 40, "phone": 30}},
    "owners": {"owner_capacity": 9, "exploration_share": 0.3},
    "no gains": {"margin_rate": None, "budget": 200.0},
    "no budget": {"budget": 0.0},
}


LISTS = ["why", "blocked"]


def as_json(column):
    """The records of each row as text."""
    return [json.dumps(cell, default=list) for cell in column]


@pytest.fixture(scope="module")
def past():
    """Contacts, consents and tickets of nearly everybody, drawn at random."""
    rng = np.random.default_rng(2)

    def rows(count, **columns):
        ids = [f"c{number:05d}" for number in rng.integers(0, PEOPLE, count)]
        times = AS_OF - pd.to_timedelta(rng.integers(1, 60, count), unit="D")
        return pd.DataFrame({"customer_id": ids, "event_time": times, **columns})

    return {
        "contacts": rows(
            600,
            action_id=rng.choice(["mail", "call"], 600),
            channel=rng.choice(["email", "phone"], 600),
            arm=rng.choice(["treated", "holdout"], 600),
            responded=rng.random(600) < 0.3,
        ),
        "consents": rows(
            4_000,
            channel=rng.choice(["email", "phone", "all"], 4_000),
            purpose=rng.choice(["profiling", "marketing"], 4_000, p=[0.1, 0.9]),
            granted=rng.random(4_000) < 0.9,
        ),
        "tickets": rows(90, ticket_id=[str(n) for n in range(90)], kind="complaint"),
    }


@pytest.fixture
def given(scores):
    rng = np.random.default_rng(1)
    cards = scores(
        PEOPLE,
        status=rng.choice(["scored", "already_churned"], PEOPLE, p=[0.8, 0.2]),
        churn_risk=rng.beta(1, 3, PEOPLE),
        value_if_stays=np.where(rng.random(PEOPLE) < 0.1, np.nan, rng.lognormal(5, 1, PEOPLE)),
        rfm_segment=["new"] * 300 + ["loyal"] * 300 + [None] * 300,  # others in each part
        owner=np.array(["Vera", "Anna", "Boris", None], dtype=object)[rng.integers(0, 4, PEOPLE)],
        expires_at=AS_OF + np.timedelta64(14, "D"),
    )
    cards.loc[400:500, "status"] = "already_churned"  # a whole part of nobody who is planned
    return cards


def known(cards):
    """Effects of one action on every second customer."""
    some = tuple(cards["customer_id"][::2])
    rng = np.random.default_rng(3)
    effect = np.column_stack([rng.normal(0.05, 0.03, len(some)), np.full(len(some), np.nan)])
    stake, certainty = rng.lognormal(5, 1, len(some)), np.array([4.0, np.nan])
    return Estimates(
        some, ("mail", "call"), effect, np.full_like(effect, 0.01), stake, 0.8, certainty
    )


def cut(cards, tables, ends):
    """The same customers in parts that end before these ids."""

    def of(rows, first, until):
        inside = (rows["customer_id"] >= first) & (rows["customer_id"] < until)
        return rows[inside].reset_index(drop=True)

    return [
        InMemory(
            of(cards, *some), History(**{name: of(rows, *some) for name, rows in tables.items()})
        )
        for some in zip(["", *ends], [*ends, "~"], strict=True)
    ]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("case", CASES)
def test_the_number_of_parts_changes_no_row_and_no_sum(
    given, catalog, params, past, case, monkeypatch, tmp_path
):
    actions = catalog(
        call={"carried_out_by": "owner", "cooldown_days": 9},
        mail={"capacity": {"contacts": 400, "days": 30}, "incentive_cost": 2.0, "accept_rate": 0.4},
    )
    wanted, estimates = params(**CASES[case]), known(given)
    settings = Settings(actions, wanted, "USD", estimates)
    whole, summary = make_plan(given, actions, wanted, History(**past), "USD", estimates)
    assert len(whole) > 400 and whole["intended_action"].nunique() > 2
    monkeypatch.setattr(arrays, "BLOCK_ROWS", 70)
    one, several = (
        plan_of(cut(given, past, ends), settings, each)
        for ends, each in (([], in_turn), (["c00250", "c00400", "c00501", "c00750"], elsewhere))
    )
    assert len(several.everybody.is_planned) == 5 and not several.everybody.is_planned[2].any()
    write_each(elsewhere, rows_of, several.parts_of_rows(), tmp_path / "several.parquet")
    write_parts([whole], tmp_path / "whole.parquet")
    read, expected = (
        pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("several", "whole")
    )
    pd.testing.assert_frame_equal(read.drop(columns=LISTS), expected.drop(columns=LISTS))
    for name in LISTS:
        assert as_json(read[name]) == as_json(expected[name])
    assert one.summary == several.summary == summary
    pd.testing.assert_frame_equal(several.decided, one.decided, check_exact=True)
    for limit, used in (("email", 40), ("phone", 30)):
        if limit in wanted.capacities:
            assert summary["capacities"][limit]["intended"] <= used


def test_what_is_held_of_everybody_is_numbers_and_few_texts(given, catalog, params, past):
    settings = Settings(catalog(), params(), "USD")
    plan = plan_of(cut(given, past, ["c00300"]), settings)
    kinds = {str(dtype) for dtype in (*plan.decided.dtypes, *plan.everybody.cards.dtypes)}
    assert kinds <= {"category", "float64", "int64", "bool", "datetime64[us]"}
    per_customer = sum(
        getattr(plan.everybody, name).nbytes
        for name in ("gain", "cost", "codes", "is_estimated", "draws", "owner", "nothing")
    )
    assert per_customer / len(plan.decided) < 20 * len(settings.catalog.actions) + 60
