"""`make own-data`: what it prints, asks and writes, and that a refusal leaves all as it was."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from actions.plan.catalog import SHIPPED
from core.errors import CatalogError, ParamsError, SourceError
from pipelines import own_data
from pipelines.params import load_params
from tests.sources import exports_made as made

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's folder with params.yaml as it is shipped; nothing is run in it."""
    for name in ("params.yaml", *SHIPPED.values()):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own_data, "run", lambda: sys.stdout.write("RUN\n"))
    return tmp_path


def put(project, **tables):
    (project / "mydata").mkdir(exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(project / "mydata" / f"{name}.csv", index=False)


def text(project):
    return (project / "params.yaml").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_proposal_is_written_with_yes_keeps_all_comments_and_runs(project, capsys):
    put(project, wc_orders=made.woo())
    before = text(project)
    own_data.main(["--from", "mydata", "--yes"])
    shown = capsys.readouterr().out
    params = load_params()
    assert params.source.kind == "files"
    assert params.source.files == {"orders": "wc_orders.csv"}
    assert params.source.columns["orders"]["customer_id"] == "billing_email"
    assert "wc-cancelled" in params.source.filter["orders"]
    assert (params.task.horizon_days, params.actions.margin_rate) == ("auto", None)
    assert [line for line in text(project).splitlines() if "#" in line] == [
        line for line in before.splitlines() if "#" in line
    ]
    assert (project / "params.yaml.before").read_text(encoding="utf-8") == before
    assert sorted(p.name for p in project.iterdir() if "params" in p.name) == [
        "params.yaml", "params.yaml.before",
    ]  # fmt: skip
    assert "customer_id ← billing_email: customer_id is empty or 0 for 17%" in shown
    assert "160 rows, of which 144 kept, 16 left out by the filter" in shown
    assert "orders.customer_id = billing_email: " in shown
    assert shown.rstrip().endswith("RUN")


@pytest.mark.slow
def test_nothing_is_written_without_a_yes_or_with_dry_run(project, capsys):
    put(project, orders=made.woo())
    before = text(project)
    own_data.main(["--from", "mydata"])
    assert "params.yaml is as it was. To accept" in capsys.readouterr().out
    own_data.main(["--from", "mydata", "--yes", "--dry-run"])
    assert "Nothing was written" in capsys.readouterr().out
    assert text(project) == before
    assert not (project / "params.yaml.before").exists()


@pytest.mark.slow
def test_yes_refuses_what_has_no_honest_default_and_names_the_flag_that_answers(project, capsys):
    frame = made.onec()
    put(project, one=frame, two=frame.assign(Сумма="1,50", Номер="x").iloc[::-1])
    before = text(project)
    with pytest.raises(ParamsError) as refused:
        own_data.main(["--from", "mydata", "--yes"])
    flag = next(line for line in str(refused.value).splitlines() if "--answer" in line)
    assert flag.strip() == "--answer orders.file=all|one.csv|two.csv"
    assert text(project) == before
    own_data.main(
        ["--from", "mydata", "--yes", "--no-run", "--answer", "orders.file=one.csv",
         "--answer", "timezone=Europe/Moscow", "--answer", "source.currency=USD",
         "--answer", "actions.margin_rate=0.3"]
    )  # fmt: skip
    params = load_params()
    assert params.source.files == {"orders": "one.csv"}
    assert (params.source.timezone, params.source.currency) == ("Europe/Moscow", "USD")
    assert params.actions.margin_rate == 0.3
    assert "RUN" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_plan_in_two_currencies_is_refused_before_anything_is_written(project, capsys):
    put(project, orders=made.onec())
    before = text(project)
    given = ["--from", "mydata", "--yes", "--no-run", "--answer", "source.currency=RUB"]
    with pytest.raises(CatalogError, match="costs in USD and the data its amounts in RUB"):
        own_data.main([*given, "--answer", "actions.margin_rate=0.3"])
    assert text(project) == before
    capsys.readouterr()
    own_data.main(given)
    shown = capsys.readouterr().out
    assert "without gains, until actions.yaml has your own costs with currency: RUB" in shown
    assert "RUB" in shown.split("What the check of all rows found")[1].split("\n\n")[0]
    assert "actions.margin_rate = " not in shown  # a question that would change nothing
    assert load_params().actions.margin_rate is None
    catalog = Path("actions.yaml").read_text(encoding="utf-8")
    Path("actions.yaml").write_text(catalog.replace("currency: USD", "currency: RUB"))
    own_data.main([*given, "--answer", "actions.margin_rate=0.3"])
    assert load_params().actions.margin_rate == 0.3


@pytest.mark.slow
def test_the_catalogue_is_the_one_for_what_leaving_means_and_ones_own_stays(project, capsys):
    days = made.pd.date_range("2023-01-01", periods=120, freq="3D").strftime("%Y-%m-%d")
    ids = [f"c{n}" for n in range(120)]
    put(project, subscriptions=made.pd.DataFrame(
        {"customer_id": ids, "subscription_id": ids, "started_at": days, "ended_at": ["2024-03-01"]
         + [""] * 119, "amount": [10 + n % 5 for n in range(120)]}
    ))  # fmt: skip
    by_subscriptions = ["--from", "mydata", "--yes", "--no-run"]
    own_data.main(by_subscriptions)
    params, shown = load_params(), capsys.readouterr().out
    assert (params.task.churn, params.actions.catalog) == ("cancellation", SHIPPED["cancellation"])
    assert "catalog: actions.subscriptions.yaml" in shown.split("What changes in params.yaml")[1]
    assert "actions.subscriptions.yaml holds the actions of a company with subscriptions" in shown
    shutil.copy("actions.yaml", "own.yaml")
    own_data.accept({"actions.catalog": "own.yaml"})
    own_data.main(by_subscriptions)
    assert load_params().actions.catalog == "own.yaml"
    shown = capsys.readouterr().out
    assert "The catalogue of actions is made for task.churn: lapse, and this run has" in shown
    assert "own.yaml holds" not in shown
    # And back: a company whose customers buy.
    own_data.accept({"actions.catalog": SHIPPED["cancellation"]})
    shutil.rmtree("mydata")
    put(project, orders=made.woo())
    own_data.main(by_subscriptions)
    params, shown = load_params(), capsys.readouterr().out
    assert (params.task.churn, params.actions.catalog) == ("lapse", SHIPPED["lapse"])
    assert "actions.yaml holds the actions of a grocery" in shown


@pytest.mark.slow
def test_a_currency_that_the_amounts_contradict_is_no_answer(project):
    put(project, orders=made.woo())
    with pytest.raises(ParamsError, match=r"written with \$, which EUR is not"):
        own_data.main(["--from", "mydata", "--yes", "--answer", "source.currency=EURO"])
    own_data.main(["--from", "mydata", "--yes", "--no-run", "--answer", "source.currency=CAD"])
    assert load_params().source.currency == "CAD"


@pytest.mark.slow
def test_a_currency_in_the_heading_of_the_money_is_the_default(project, capsys):
    put(project, orders=made.onec().rename(columns={"Сумма": "Сумма, руб."}))
    own_data.main(["--from", "mydata", "--yes", "--no-run"])
    assert load_params().source.currency == "RUB"
    shown = capsys.readouterr().out
    assert "source.currency = RUB: the heading Сумма, руб. says so" in shown


@pytest.mark.slow
def test_answers_may_stand_in_a_file_and_a_strange_one_is_refused(project):
    put(project, orders=made.woo())
    Path("answers.yaml").write_text("timezone: Europe/Moscow\n", encoding="utf-8")
    own_data.main(["--from", "mydata", "--yes", "--no-run", "--answers", "answers.yaml"])
    assert load_params().source.timezone == "Europe/Moscow"
    with pytest.raises(ParamsError, match=r"time_zone was not asked. Did you mean timezone\?"):
        own_data.main(["--from", "mydata", "--yes", "--answer", "time_zone=UTC"])
    with pytest.raises(ParamsError, match="'Moscow' is no answer to timezone: write a zone such"):
        own_data.main(["--from", "mydata", "--yes", "--answer", "timezone=Moscow"])


@pytest.mark.slow
def test_ids_in_two_forms_are_brought_into_one_by_the_line_of_the_usability_report(project, capsys):
    frame = made.named(made.orders(), customer="e", order_id="o", date="t", total="a")
    frame.loc[::2, "customer"] = frame.loc[::2, "customer"].str.upper()
    put(project, orders=frame)
    own_data.main(["--from", "mydata", "--yes", "--no-run"])
    shown = capsys.readouterr().out
    assert load_params().source.derive["orders"]["customer_id"].startswith("lower(trim(")
    assert f"{made.PEOPLE} customers, {made.ORDERS} orders" in shown
    assert "customer ids differ from another one in form only" in shown


@pytest.mark.slow
def test_a_person_is_asked_and_an_empty_line_takes_the_default(project, monkeypatch, capsys):
    put(project, orders=made.woo())
    typed = iter(["2", "Mars", "Europe/London", "USD", "", "y"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    own_data.main(["--from", "mydata"])
    shown = capsys.readouterr().out
    params = load_params()
    assert "customer_id" not in params.source.columns["orders"]
    assert (params.source.timezone, params.source.currency) == ("Europe/London", "USD")
    assert params.actions.margin_rate is None
    assert "'Mars' is no answer to timezone" in shown
    assert shown.rstrip().endswith("RUN")


def test_what_is_no_table_is_one_sentence_and_params_yaml_stays(project):
    before = text(project)
    Path("orders.csv").write_bytes(b"%PDF-1.7 not a table")
    with pytest.raises(SourceError, match=r"orders\.csv is a PDF"):
        own_data.main(["--from", "orders.csv", "--yes"])
    with pytest.raises(SourceError, match="nowhere is not there"):
        own_data.main(["--from", "nowhere", "--yes"])
    Path("many").mkdir()
    for number in range(301):
        Path(f"many/{number}.csv").touch()
    with pytest.raises(SourceError, match="many holds 301 files that may be tables"):
        own_data.main(["--from", "many", "--yes"])
    assert text(project) == before


def test_a_result_that_is_not_valid_is_not_written(project):
    before = text(project)
    with pytest.raises(ParamsError, match="active_within_days"):
        own_data.accept({"task.active_within_days": "often"})
    assert text(project) == before
    assert [p.name for p in project.iterdir() if p.suffix not in (".yaml",)] == []


@pytest.mark.slow
def test_values_of_params_yaml_change_in_place_whatever_their_form(project):
    long = {"orders": {"amount": '"Lineitem quantity" * "Lineitem price"', "order_id": "a: #b 'c'"}}
    own_data.accept({"source.kind": "files", "source.path": "mydata", "source.derive": long})
    once = text(project)
    assert yaml.safe_load(once)["source"]["derive"] == long
    own_data.accept({"source.derive": {}, "source.kind": "cdnow", "source.path": None})
    own_data.accept({"source.kind": "complete_journey"})
    assert text(project) == (ROOT / "params.yaml").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_ready_table_is_checked_asked_about_and_written(project, capsys):
    ids = [f"c{n}" for n in range(80)]
    frame = made.pd.DataFrame(
        {"customerID": ids, "tenure": [str(n % 9) for n in range(80)], "MonthlyCharges": "20.5",
         "Churn": ["No", "No", "No", "Yes"] * 20}
    )  # fmt: skip
    frame["MonthlyCharges"] = [f"{20 + n % 7}.50" for n in range(80)]
    put(project, telco=frame)
    with pytest.raises(ParamsError, match=r"Were all columns of telco\.csv known before"):
        own_data.main(["--from", "mydata", "--yes"])
    answers = ["--answer", "table.known=yes", "--answer", "table.value=MonthlyCharges",
               "--answer", "source.currency=EUR"]  # fmt: skip
    own_data.main(["--from", "mydata", "--yes", "--no-run", *answers])
    source = load_params().source
    assert (source.kind, source.path, source.label) == ("table", "mydata/telco.csv", "Churn")
    assert (source.customer, source.as_of, source.value) == ("customerID", None, "MonthlyCharges")
    assert source.currency == "EUR"
    assert "80 customers" in (shown := capsys.readouterr().out)
    assert "25.0% of the known ones left" in shown
