"""Lines for params.yaml in messages of the check, and the proposal that follows them."""

import pytest

from core.errors import ParamsError, SourceError
from sources.params import SourceParams
from sources.proposing.cure_lines import followed, lines_in
from sources.proposing.finding import tables_below
from sources.proposing.proof import prove
from sources.proposing.proposal import propose
from sources.proposing.questions import Answers, Option, Question
from sources.registry import load
from sources.tables.check_tables import check_tables
from tests.sources import exports_made as made

TWO = (
    "orders: 9 of 9 rows cannot be used. Write below source: in params.yaml, where the day "
    "stands first: derive: {orders: {event_time: \"try_strptime(d, '%d/%m/%Y')\"}}; where the "
    "month stands first: derive: {orders: {event_time: \"try_strptime(d, '%m/%d/%Y')\"}}. Mend it."
)


def proved(folder, given=None, **tables):
    """The proposal for tables written as CSV, its proof, and the questions."""
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    answers = Answers(given)
    seen, _ = tables_below(folder)
    proposal = propose(folder, seen, answers)
    return proposal, prove(proposal, answers), answers


def kept(proposal):
    params = SourceParams(**proposal.source)
    return check_tables(load(params), params)["orders"].rows


def test_lines_of_a_message_are_found_with_when_they_are_right():
    first, second = lines_in(TWO)
    assert (first.when, second.when) == ("day first", "month first")
    assert first.content == {"orders": {"event_time": "try_strptime(d, '%d/%m/%Y')"}}
    marks = 'Write numbers: {orders: {amount: "1,234.56"}} where the comma stands between thousands'
    assert lines_in(marks)[0].when == "comma between thousands"
    assert lines_in("say how, for example derive: {orders: {amount: x}}") == []
    assert lines_in("columns: {orders: {customer_id: ") == []


def test_a_line_is_put_into_what_stands_there_and_a_computed_column_is_no_longer_renamed():
    source = {"columns": {"orders": {"event_time": "d", "order_id": "n"}}, "derive": {}}
    (line,) = lines_in('derive: {orders: {event_time: "epoch_ms(d)"}}')
    assert line.targets(source) == ["orders.event_time"]
    after = followed(source, line)
    assert after["derive"] == {"orders": {"event_time": "epoch_ms(d)"}}
    assert after["columns"] == {"orders": {"order_id": "n"}}
    assert line.targets(after) == []


@pytest.mark.slow_after(0)
@pytest.mark.parametrize(
    "export", ["woo", "stripe_payments", "bitrix", "bitrix_in_russian", "magento", "retailcrm"]
)
def test_orders_that_never_became_purchases_are_left_out_and_the_rest_is_all_there(
    tmp_path, export
):
    frame = getattr(made, export)()
    proposal, proof, _ = proved(tmp_path, orders=frame)
    (found,) = [m for m in proof.measured if m.table == "orders"]
    assert found.counts["rows_in"] == made.ORDERS
    assert found.orders == pytest.approx(made.ORDERS * 0.9, abs=1)
    assert found.counts["left_out"] == pytest.approx(made.ORDERS * 0.1, abs=1)
    assert found.customers <= made.PEOPLE
    assert proposal.source["filter"]["orders"]


@pytest.mark.slow
def test_a_status_on_the_first_line_of_an_order_leaves_out_all_its_lines_and_no_guests(tmp_path):
    frame = made.shopify()
    refunded = frame.groupby("Name")["Financial Status"].transform("max") == "refunded"
    proposal, proof, _ = proved(tmp_path, orders_export_1=frame)
    (found,) = proof.measured
    assert found.counts["left_out"] == refunded.sum() > frame["Email"].ne("").sum() / 10
    assert (found.counts["kept"], found.counts["guests"]) == ((~refunded).sum(), 0)
    assert found.money == pytest.approx(
        (frame["Lineitem quantity"].astype(float) * frame["Lineitem price"].astype(float))[
            ~refunded
        ].sum()
    )
    # Rows stay where they are in the file, whatever the condition looks at.
    rows = kept(proposal)
    assert rows["order_id"].tolist() == frame.loc[~refunded, "Name"].tolist()


@pytest.mark.slow
def test_milliseconds_are_read_by_the_line_that_the_check_offers(tmp_path):
    frame = made.named(made.orders(), customer_id="c", order_id="o", amount="a")
    frame["event_time"] = (made.orders()["time"].astype("int64") // 1000).astype("str")
    proposal, proof, _ = proved(tmp_path, orders=frame)
    assert "epoch_ms" in proposal.source["derive"]["orders"]["event_time"]
    assert proof.measured[0].orders == made.ORDERS
    assert "since orders: 160 of 160 rows" in proposal.changes[0]


@pytest.mark.slow
def test_day_or_month_first_is_asked_and_has_no_default(tmp_path):
    days = made.pd.Timestamp("2023-01-01") + made.pd.to_timedelta(
        [31 * (n % 12) + n % 9 for n in range(made.ORDERS)], unit="D"
    )
    days = days.where(days.day <= 12, days.normalize() - made.pd.Timedelta(days=20))
    frame = made.named(made.orders(), customer_id="c", order_id="o", amount="a")
    frame["event_time"] = [f"{d.day:02}/{d.month:02}/{d.year}" for d in days]
    frame = frame[[d.day <= 12 for d in days]]
    proposal, proof, answers = proved(tmp_path, orders=frame)
    assert proof is None
    (question,) = answers.without_default()
    assert question.key == "orders.event_time.read"
    assert [option.value for option in question.options][:2] == ["day-first", "month-first"]
    given = {"orders.event_time.read": "day-first"}
    proposal, proof, _ = proved(tmp_path, given)
    assert "%d/%m/%Y" in proposal.source["derive"]["orders"]["event_time"]
    assert proof.measured[0].counts["kept"] == len(frame)


@pytest.mark.slow
def test_several_currencies_are_asked_and_either_answer_is_followed(tmp_path):
    frame = made.named(made.orders(), customer_id="c", order_id="o", event_time="t", amount="a")
    frame["currency"] = made.every(frame, ["EUR", "USD"])
    _, proof, answers = proved(tmp_path, orders=frame)
    assert proof is None
    assert [q.key for q in answers.without_default()] == ["currency"]
    proposal, proof, _ = proved(tmp_path, {"currency": "eur"})
    assert proof.measured[0].counts["left_out"] == made.ORDERS // 10
    assert (proof.measured[0].currency, set(kept(proposal)["currency"])) == ("EUR", {"EUR"})
    proposal, proof, _ = proved(tmp_path, {"currency": "EUR USD=0.5"})
    assert proposal.source["exchange"] == {"USD": 0.5}
    assert proof.measured[0].money == pytest.approx(kept(proposal)["amount"].sum())
    with pytest.raises(ParamsError, match="write a rate above 0 for each of USD"):
        proved(tmp_path, {"currency": "EUR GBP=0.5"})


@pytest.mark.slow
def test_orders_without_a_number_get_one_of_customer_and_day(tmp_path):
    frame = made.named(made.orders(), date="t", customer="c", amount="a")
    proposal, proof, _ = proved(tmp_path, orders=frame)
    assert "concat_ws" in proposal.source["derive"]["orders"]["order_id"]
    assert proof.measured[0].counts["kept"] == made.ORDERS


@pytest.mark.slow
def test_what_nobody_can_mend_is_said_as_the_check_says_it(tmp_path):
    frame = made.named(made.orders(), customer_id="c", order_id="o", event_time="t", amount="a")
    frame["customer_id"] = ""
    with pytest.raises(SourceError, match="none of the 160 rows has a customer_id"):
        proved(tmp_path, orders=frame)


def test_an_answer_is_a_value_its_number_or_what_is_accepted_and_nothing_else():
    question = Question("a.b", "Which?", "why", None, (Option("One"), Option("two words")))
    assert question.read(" one ") == "One"
    assert question.read("2") == "two words"
    with pytest.raises(
        ParamsError, match=r"'3' is no answer to a\.b: the answers are: One, two wo"
    ):
        question.read("3")
    answers = Answers({"a.c": "x"})
    assert answers.to(question) is None
    with pytest.raises(ParamsError, match=r"a.c was not asked. Did you mean a.b\?"):
        answers.refuse_strange()


@pytest.mark.slow
@pytest.mark.parametrize("files", ["olist", "head_and_lines"])
def test_several_files_are_read_by_the_query_and_what_was_cancelled_is_left_out(
    tmp_path, monkeypatch, files
):
    monkeypatch.chdir(tmp_path)  # extracts/ is written there
    tmp_path = tmp_path / "shop"
    tmp_path.mkdir()
    for name, frame in getattr(made, files)().items():
        frame.to_csv(tmp_path / name, index=False)
    people = made.orders().drop_duplicates("c")
    prefix = "u" if files == "olist" else ""
    clients = made.named(people.assign(c=prefix + people["c"]), client_id="c", full_name="g")
    proposal, proof, _ = proved(tmp_path, clients=clients)
    found = {measured.table: measured for measured in proof.measured}
    assert proposal.source["kind"] == "sql"
    assert found["orders"].customers == found["customers"].customers == made.PEOPLE
    cancelled = made.ORDERS // 10 if files == "olist" else 0
    assert found["orders"].orders == made.ORDERS - cancelled
    every = made.lines()
    money = (every["quantity"] * every["price"]).sum()
    assert found["orders"].money == pytest.approx(money, rel=0.25 if cancelled else 1e-9)
