"""The exports and cases of ../shared: the proposal with its defaults, beside what is right."""

from pathlib import Path

import pandas as pd
import pytest

from core.errors import SourceError
from sources.proposing.finding import tables_below
from sources.proposing.proof import prove
from sources.proposing.proposal import propose
from sources.proposing.questions import Answers
from tests.each import check_each

SHARED = Path(__file__).resolve().parents[3] / "shared"
EXPORTS = SHARED / "cases" / "exports"
pytestmark = [
    pytest.mark.skipif(
        not EXPORTS.is_dir(), reason="../shared/cases is not beside this repository"
    ),
    pytest.mark.slow,
]


def proved(place, given=None):
    answers = Answers(given)
    proposal = propose(place, tables_below(place)[0], answers)
    assert proposal.source["kind"] == "table" or not answers.without_default()
    return proposal, prove(proposal, answers), answers


def read(place, **how):
    return pd.read_csv(EXPORTS / place, dtype=str, keep_default_na=False, **how)


def test_lines_of_shopify_bring_what_their_orders_say_without_those_that_were_refunded():
    raw = read("shopify/orders_export_1.csv")
    first = raw[raw["Financial Status"] != ""]
    paid = first[first["Financial Status"] == "paid"]
    proposal, proof, answers = proved(EXPORTS / "shopify")
    (found,) = proof.measured
    assert (found.orders, found.customers) == (len(paid), paid["Email"].nunique())
    last = raw["Name"].iloc[-1]  # the case ends in the middle of it
    rows = proof.checked["orders"].rows
    whole = paid[paid["Name"] != last]
    assert rows.loc[rows["order_id"] != last, "amount"].sum() == pytest.approx(
        whole["Subtotal"].astype(float).sum()
    )
    assert (found.counts["guests"], found.currency) == (0, "USD")
    assert found.counts["left_out"] == len(raw) - raw["Name"].isin(paid["Name"]).sum()
    assert [address for address, _ in proposal.left_out] == ["orders_export_1.csv"]
    assert not answers.asked


def test_woocommerce_counts_completed_orders_and_people_by_their_address():
    raw = read("woo/orders.csv")
    done = raw[~raw["status"].isin(["wc-cancelled", "wc-failed", "wc-refunded"])]
    _, proof, answers = proved(EXPORTS / "woo")
    (found,) = proof.measured
    assert (found.orders, found.customers) == (len(done), done["billing_email"].nunique())
    assert found.money == pytest.approx(done["order_total"].str[1:].astype(float).sum())
    assert set(answers.asked) == {"orders.customer_id", "timezone", "source.currency"}


def test_documents_of_1c_bring_their_sums_for_each_code_of_a_client():
    raw = read("onec/orders.csv", encoding="cp1251", sep=";")
    sums = raw["Сумма"].str.replace("\xa0", "").str.replace(",", ".").astype(float)
    _, proof, _ = proved(EXPORTS / "onec")
    (found,) = proof.measured
    assert (found.customers, found.orders) == (
        raw["Код контрагента"].nunique(), raw["Номер документа"].nunique(),
    )  # fmt: skip
    assert found.money == pytest.approx(sums.sum())


def test_subscriptions_of_stripe_are_contracts_of_months_in_utc():
    raw = read("stripe/subscriptions.csv")
    proposal, proof, answers = proved(EXPORTS / "stripe")
    (found,) = proof.measured
    assert proposal.task == {"churn": "cancellation"}
    assert (found.counts["kept"], found.customers) == (len(raw), raw["Customer ID"].nunique())
    rows = proof.checked["subscriptions"].rows
    assert rows["ended_at"].notna().sum() == (raw["Ended At (UTC)"] != "").sum()
    assert set(rows["period_days"]) == {30}
    assert not answers.asked


OTHERS = {  # rows kept, customers, orders
    "xlsx": (21_947, 900, 8_745),
    "utf16": (8_745, 900, 8_745),
    "tiny": (402, 30, 402),
    "epoch": (299, 136, 299),
}
COUNTED_ONCE = 334_650.58
CASES = {  # customers, orders, money
    "02-payments-one-number": (700, 5_889, 58_301.10),
    "02b-no-order-number": (800, 8_063, None),
    "05-1c-thousands": (800, 8_063, 20_079_034.80),
    "11-total-on-each-line": (800, 8_063, COUNTED_ONCE),
    "17-yaml-no": (800, 8_063, COUNTED_ONCE),
    "21-epoch-to-date": (800, 8_063, COUNTED_ONCE),
}


def test_workbooks_other_encodings_and_numbers_for_times_lose_nothing():
    def one(name):
        (found,) = proved(EXPORTS / name)[1].measured
        assert (found.counts["kept"], found.customers, found.orders) == OTHERS[name]

    check_each(OTHERS, one)


def test_cases_from_the_field_are_mended_by_the_lines_of_the_check():
    def one(name):
        (found,) = proved(SHARED / "cases" / name / "data")[1].measured
        assert (found.customers, found.orders) == CASES[name][:2]
        assert found.money == (CASES[name][2] and pytest.approx(CASES[name][2]))

    check_each(CASES, one)


def test_two_currencies_have_no_default_and_orders_without_dates_are_refused():
    answers = Answers()
    place = EXPORTS / "two_currencies"
    assert prove(propose(place, tables_below(place)[0], answers), answers) is None
    assert [question.key for question in answers.without_default()] == ["currency"]
    with pytest.raises(SourceError, match="Instacart: orders. It has no date"):  # noqa: RUF043
        proved(EXPORTS / "instacart")


def test_tables_with_a_label_are_recognised_with_their_customers_and_dates():
    for name, wanted, asked in (
        ("telco", ("Churn", "customerID", None), ["table.known"]),
        ("feature_table", ("churn", "customer_id", "as_of"), []),
    ):
        answers = Answers()
        source = propose(EXPORTS / name, tables_below(EXPORTS / name)[0], answers).source
        assert (source["label"], source["customer"], source.get("as_of")) == wanted
        assert [question.key for question in answers.without_default()] == asked


def test_online_retail_is_what_the_handbook_says_of_it():
    place = SHARED / "data" / "online_retail"
    if not place.is_dir():
        pytest.skip("../shared/data is not beside this repository")
    proposal, proof, answers = proved(place, {"timezone": "Europe/London"})
    (found,) = proof.measured
    assert (found.counts["kept"], found.counts["guests"]) == (406_829, 135_080)
    assert (found.customers, found.orders) == (4_372, 22_190)
    assert proposal.source["derive"] == {"orders": {"amount": "Quantity * UnitPrice"}}
    assert set(answers.asked) == {"timezone", "source.currency"}
