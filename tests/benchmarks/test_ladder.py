"""Small data: a cell is cut, judged and counted right, by models that import nothing of ours."""

import ast
import json
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks.ladder import __main__ as ladder
from benchmarks.ladder import cells
from benchmarks.ladder.cells import Cell, Cut, Only, cut, drawn_customers, grid
from benchmarks.ladder.judge import judge
from benchmarks.ladder.ours import Said, said
from benchmarks.ladder.peers import PEERS, Asked, Told, answers
from benchmarks.ladder.summary import print_cells, print_summary, summarise
from benchmarks.zoo.road import Ended


def orders(customers=60, days=200, seed=1):
    """Customers with a rhythm of their own, some of whom stop."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        day, until = rng.uniform(0, 30), rng.choice([days, days / 2])
        while day < until:
            rows.append((f"c{number:03d}", day, round(rng.uniform(5, 50), 2)))
            day += rng.exponential(8.0 + number % 20)
    table = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    table["event_time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(table["day"], unit="D")
    table["order_id"] = [f"o{number}" for number in range(len(table))]
    return table.drop(columns="day")


def test_the_other_models_and_the_judgement_import_nothing_of_ours():
    allowed = {"numpy", "pandas", "scipy", "sklearn", *sys.stdlib_module_names}
    folder = cells.ROOT / "benchmarks" / "ladder"
    judges = {path.stem for path in folder.glob("*.py")} - {"ours", "__main__"}
    assert {"cells", "nbd", "peers", "judge", "summary"} <= judges
    for name in judges:
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found = [str(node.module)]
            else:
                continue
            for module in found:
                within = module.removeprefix("benchmarks.ladder.") in judges
                assert within or module.split(".")[0] in allowed, f"{name} imports {module}"


def test_a_cut_ends_at_midnight_and_its_outcome_is_what_came_in_the_horizon(monkeypatch):
    rows = [
        ("a", "2024-01-01 08:00"),  # the first day of the source
        ("a", "2024-02-29 23:59"),  # the last minute of 60 days
        ("a", "2024-03-01 00:00"),  # the first of the outcome
        ("b", "2024-02-10 12:00"),
        ("b", "2024-03-28 23:59"),  # the last minute of 28 days
        ("c", "2024-02-10 12:00"),
        ("c", "2024-03-29 00:00"),  # too late
        ("d", "2024-03-02 00:00"),  # first seen after the cut
        ("d", "2024-04-28 00:00"),  # 118 days: 30 more than a kept cell needs
    ]
    table = pd.DataFrame(rows, columns=["customer_id", "event_time"])
    table["event_time"] = pd.to_datetime(table["event_time"])
    table = table.assign(order_id=table.index.astype(str), amount=1.0)
    monkeypatch.setattr(cells, "drawn_customers", lambda everybody, cell: list("abcd"))
    one = cut(Cell("any", 4, 60, 28), table)
    assert one.at == pd.Timestamp("2024-03-01")
    assert (one.history["event_time"] < one.at).all()
    assert len(one.history) == 4
    assert dict(zip(one.cohort, one.churned, strict=True)) == {"a": 0.0, "b": 0.0, "c": 1.0}
    kept = cut(Cell("any", 4, 60, 28, "kept"), table)
    assert kept.at == one.at + pd.Timedelta(15, "D")


def test_customers_are_the_same_at_every_length_and_a_small_cell_has_the_first_of_a_large_one():
    everyone = [f"c{number}" for number in range(50)]
    few = drawn_customers(everyone, Cell("any", 10, 60, 28))
    assert few == drawn_customers(reversed(everyone), Cell("any", 10, 400, 90))
    assert few == drawn_customers(everyone, Cell("any", 20, 60, 28))[:10]
    assert not set(few) & set(drawn_customers(everyone, Cell("any", 50, 60, 28, "kept")))


def test_only_cells_whose_whole_outcome_lies_in_the_source_are_asked_for():
    found = {(cell.days, cell.horizon_days) for cell in grid({"any": 365}, "tuning")}
    assert (270, 90) in found and (270, 28) in found
    assert not {days for days, _ in found} & {400, 640}
    assert {cell.days for cell in grid({"any": 668}, "tuning", Only(horizons=(28,)))} >= {640}


@pytest.mark.slow
def test_the_peers_say_the_same_whatever_comes_after_the_cut():
    table = orders()
    one = cut(Cell("any", 30, 120, 28), table)
    asked = Asked(one.at, one.cohort, 28, cells.ACTIVE_WITHIN_DAYS)
    told = answers(one.history, asked)
    assert set(told) == set(PEERS)
    cheating = cut(Cell("any", 30, 120, 28), table[table["event_time"] < one.at])
    again = answers(cheating.history, asked)
    for name, answer in told.items():
        assert again[name].rank == pytest.approx(answer.rank)
        assert ((answer.probability >= 0) & (answer.probability <= 1)).all()


@pytest.mark.slow
def test_where_no_earlier_window_closes_the_rule_ranks_and_the_regression_is_silent():
    one = cut(Cell("any", 30, 60, 90), orders())
    told = answers(one.history, Asked(one.at, one.cohort, 90, cells.ACTIVE_WITHIN_DAYS))
    assert "rfm_logistic" not in told
    assert told["recency_rule"].probability is None
    assert {"bg_nbd", "pareto_nbd"} <= set(told)


def test_the_figures_of_a_cell_are_those_worked_out_by_hand():
    churned = np.array([1.0, 0.0, 1.0, 0.0])
    ours = np.array([0.8, 0.8, 0.5, 0.2])
    theirs = np.array([0.4, 0.3, 0.2, 0.1])
    found = judge(churned, {"ours": Told(ours, ours), "bg_nbd": Told(theirs, None)})
    figures = found["models"]["ours"]
    assert figures["auc"] == pytest.approx((0.5 + 1.0 + 0.0 + 1.0) / 4)
    assert figures["log_loss"] == pytest.approx(-np.log([0.8, 0.2, 0.5, 0.8]).mean())
    assert figures["brier"] == pytest.approx((0.04 + 0.64 + 0.25 + 0.04) / 4)
    assert figures["observed_over_expected"] == pytest.approx(2 / 2.3)
    assert found["models"]["bg_nbd"]["auc"] == pytest.approx(0.75)
    assert found["models"]["bg_nbd"]["log_loss"] is None
    assert [gap["metric"] for gap in found["differences"]] == ["auc"]
    assert found["differences"][0]["value"] == pytest.approx(0.625 - 0.75)


def test_a_model_that_is_right_is_surely_better_and_the_same_one_is_neither():
    rng = np.random.default_rng(2)
    churned = (rng.random(200) < 0.4).astype(float)
    right = np.where(churned > 0, 0.8, 0.2) + rng.uniform(-0.1, 0.1, 200)
    told = {
        "ours": Told(1 - right, 1 - right),
        "bg_nbd": Told(right, right),
        "pareto_nbd": Told(1 - right, 1 - right),
    }
    verdict = {
        (gap["peer"], gap["metric"]): gap["surely"] for gap in judge(churned, told)["differences"]
    }
    assert verdict["bg_nbd", "auc"] == verdict["bg_nbd", "log_loss"] == "worse"
    assert verdict["pareto_nbd", "auc"] is verdict["pareto_nbd", "log_loss"] is None


def test_outcomes_of_one_kind_have_no_auc_and_the_rest_of_the_figures():
    p = np.array([0.1, 0.2, 0.3])
    found = judge(np.zeros(3), {"ours": Told(p, p), "bg_nbd": Told(p, p)})
    assert found["models"]["ours"]["auc"] is None
    assert found["models"]["ours"]["log_loss"] == pytest.approx(-np.log(1 - p).mean())


def row(name, told, **more):
    churned = np.array([1.0, 0.0, 1.0, 0.0, 1.0])
    return {
        "cell": name,
        "status": "scored",
        "rung": None,
        "customers_judged": 5,
        "churn_rate": 0.6,
        **judge(churned, told),
        **more,
    }


def test_a_refused_cell_counts_as_refused_is_ranked_last_and_a_rule_has_no_probability(capsys):
    good, poor = np.array([0.9, 0.1, 0.8, 0.2, 0.9]), np.array([0.5, 0.6, 0.4, 0.5, 0.6])
    peers = {"bg_nbd": Told(poor, poor)}
    rows = [
        row("scored", {"ours": Told(good, good), **peers}, rung=3),
        row("ruled", {"ours": Told(good, None), **peers}, status="rule"),
        row("refused", peers, status="refused", why="score: nobody"),
    ]
    found = summarise(rows)
    assert found["refused_where_a_peer_ranks"] == ["refused"]
    assert found["no_probability_where_a_peer_has_one"] == ["ruled", "refused"]
    assert found["status"] == {"scored": 1, "rule": 1, "refused": 1}
    assert found["mean_rank"]["auc"]["ours"] == pytest.approx((1 + 1 + 3.5) / 3)
    assert found["calibration"]["cells"] == 1
    assert found["calibration"]["ours"] == 1.0
    print_cells(rows)
    print_summary(found)
    assert "refused where a peer ranks: 1 (asked: 0)" in capsys.readouterr().out


def test_cells_without_a_judgement_of_their_own_do_not_count_for_calibration():
    p = np.full(5, 0.6)
    rows = [row(f"{rung}", {"ours": Told(p, p)}, rung=rung) for rung in (5, 6)]
    assert summarise(rows)["calibration"]["cells"] == 1


def test_what_a_road_left_is_read_and_who_has_no_card_gets_the_middle(tmp_path):
    one = Cut(orders(), pd.Timestamp("2024-03-01"), pd.Index(["a", "b", "c"]), np.zeros(3))
    stopped = said(Ended(tmp_path, "train", "DataGateError: too few", "", ""), one)
    assert (stopped.status, stopped.why) == ("refused", "train: DataGateError: too few")
    release = tmp_path / "data" / "release"
    release.mkdir(parents=True)
    (tmp_path / "data" / "timeline.json").write_text(json.dumps({"rung": 4}))
    cards = pd.DataFrame({"customer_id": ["b", "a"], "churn_risk": [0.2, 0.6]})
    cards.to_parquet(release / "cards.parquet")
    scored = said(Ended(tmp_path, None, "", "", ""), one)
    assert (scored.status, scored.rung, scored.missing) == ("scored", 4, 1)
    assert scored.told.probability.tolist() == [0.6, 0.2, 0.4]
    cards = cards.assign(churn_risk=np.nan, silence_over_usual=[3.0, np.nan])
    cards.to_parquet(release / "cards.parquet")
    ruled = said(Ended(tmp_path, None, "", "", ""), one)
    assert (ruled.status, ruled.missing, ruled.told.probability) == ("rule", 2, None)


def test_a_cell_that_is_done_is_run_again_only_when_asked_or_when_the_code_is_another(
    tmp_path, monkeypatch, capsys
):
    ran = []

    def pretended(cell, one):
        ran.append(cell.name)
        p = np.full(len(one.cohort), 0.5)
        return Said("scored", "", None, "A", Told(p, p), 0)

    monkeypatch.setattr(ladder, "load", lambda source: orders() if source == "cdnow" else None)
    monkeypatch.setattr(ladder.ours, "run", pretended)
    monkeypatch.setattr(ladder, "answers", lambda history, asked: {})
    asked = ["--customers", "20", "--days", "60", "90", "--horizons", "28"]
    asked += ["--out", str(tmp_path / "ladder.json")]
    monkeypatch.delenv("FRESH", raising=False)
    ladder.main([*asked, "--days", "60"])
    ladder.main(asked)
    assert [name.split(", ")[2] for name in ran] == ["60 days", "90 days"]
    assert "online_retail: skipped" in capsys.readouterr().out
    monkeypatch.setenv("FRESH", "1")
    ladder.main(asked)
    assert len(ran) == 4
    monkeypatch.delenv("FRESH")
    monkeypatch.setattr(ladder.ours, "code_version", lambda: "another")
    ladder.main(asked)
    assert len(ran) == 6
    content = json.loads((tmp_path / "ladder.json").read_text())
    assert content["summary"]["cells"] == len(content["cells"]) == 2
