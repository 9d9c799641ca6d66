"""The page on the data and the model, and the same as JSON."""

import pytest

from core.files import hashes, read_json, write_json
from serving.cards.model import Bin
from serving.pages.calibration import draw
from serving.pages.model_card import card_html
from serving.store.publishing import publish
from serving.store.reports import keep_report
from tests.serving.conftest import Running
from tests.serving.reading_pages import Tree, page, text_of
from tests.serving.release_reports import EVALUATION, forecast_report
from tests.serving.releases import card_row, company, write_release
from tests.serving.test_monitor import monitor_report
from tests.serving.test_rule_release import GATE, ROWS


def sections(tree):
    """Part of the page → its text."""
    return {e["data-part"]: text_of(e) for e in tree.all("section") if "data-part" in e}


def changed(folder, **reports):
    """The release with other reports; None removes one."""
    for name, content in reports.items():
        file = folder / "reports" / f"{name}.json"
        file.unlink() if content is None else write_json(file, content)
    manifest = read_json(folder / "manifest.json")
    (folder / "manifest.json").unlink()
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    return folder


def test_the_page_says_when_the_model_learned_and_when_customers_were_scored(service):
    english = sections(page(service, "/model?language=en"))["dates"]
    assert "Last trained on data until September 29, 2024." in english
    assert "Last scored as of October 27, 2024, on data until October 26, 2024" in english
    russian = sections(page(service, "/model?language=ru"))["dates"]
    assert "Последнее обучение – на данных по 29 сентября 2024 г." in russian


def test_the_grade_stands_with_the_rule_that_it_beats(service):
    told = sections(page(service, "/model?language=en"))["grade"]
    assert "Grade B" in told
    assert "Clearly better than the best simple model; its probabilities do not hold for" in told
    assert "Of the 100 ranked highest, 67 left; the best simple model finds 54" in told
    assert "who bought longest ago leaves first" in told
    assert "in 86% of cases, the simple one in 76%" in told


def test_the_value_class_whose_probabilities_are_off_is_named_and_all_are_in_a_table(service):
    tree = page(service, "/model?language=en")
    told = sections(tree)["calibration"]
    off = "Class A: more left than predicted, 155 for every 100 expected (120 to 194)"
    assert off in told
    assert service.get("/v1/model?language=en").json()["warnings"] == [off]
    cells = [text_of(e) for e in tree.all("td")]
    row = cells.index("The third who have spent least")
    assert cells[row : row + 6] == [cells[row], "40", "7.6", "9", "–", "not known"]
    russian = sections(page(service, "/model?language=ru"))["calibration"]
    assert "Класс A: ушло больше, чем предсказано, – 155 на каждые 100 ожидаемых" in russian


def test_a_release_from_before_verdicts_is_told_by_its_grade_alone(engine, tmp_path):
    churn = {name: part for name, part in EVALUATION["churn"].items() if name != "verdict"}
    folder = write_release(tmp_path / "older", [card_row("1")])
    publish(changed(folder, evaluation=EVALUATION | {"churn": churn}), engine, keep=2)
    with Running(engine) as service:
        assert service.get("/v1/model").json()["warnings"] == []
        told = sections(page(service, "/model?language=en"))["grade"]
        assert "Better than the best simple model." in told and "probabilities hold." not in told


def test_what_was_predicted_is_drawn_beside_what_happened_with_its_table(service):
    tree = page(service, "/model?language=en")
    assert "115 left (107 to 124" in sections(tree)["calibration"]
    svg = tree.one("svg", class_="calibration")
    dots = [e for e in tree.all("circle") if svg in e["inside"]]
    bins = EVALUATION["churn"]["calibration"]
    assert [text_of(dot) for dot in dots] == [
        "2% predicted, 1% left (60 customers)",
        "43% predicted, 51% left (60 customers)",
    ]
    cells = [text_of(e) for e in tree.all("td")]
    assert all(f"{100 * one['observed']:g}%" in cells for one in bins)


def test_findings_stand_most_severe_first_in_the_language_that_they_have(service):
    for language, words, foreign in (
        ("en", ["Rows without an amount.", "Bring the amounts."], []),
        ("ru", ["Строки без суммы.", "Загрузите суммы."], ["No such table."]),
    ):
        tree = page(service, f"/model?language={language}")
        told = sections(tree)["findings"]
        assert all(word in told for word in words)
        assert told.index(words[0]) < told.index("tickets")
        assert "bring <b>tickets.csv</b>" in told.lower()  # a text, whatever is in it
        marked = [text_of(e) for e in tree.all("div", lang="en")]
        assert all(any(word in one for one in marked) for word in foreign)
    assert (
        "Findings: 1 warning, 1 piece of advice"
        in sections(page(service, "/model?language=en"))["findings"]
    )


def test_page_and_json_say_the_same(service):
    for language in ("en", "ru"):
        json = service.get(f"/v1/model?language={language}").json()
        text = text_of(page(service, f"/model?language={language}").one("main"))
        assert json["grade_in_words"] in text
        for finding in json["findings"]:
            assert finding["meaning"] in text and finding["what_to_do"] in text
        assert json["judged"]["calibration"] == EVALUATION["churn"]["calibration"]
        assert (json["learned_until"], json["scored_as_of"]) == ("2024-09-29", "2024-10-27")
        assert json["card"].startswith("# Model card")


def test_the_model_card_is_read_on_the_page_and_can_be_kept(service):
    tree = page(service, "/model?language=en")
    (link,) = [e["href"] for e in tree.all("a") if "card.md" in e["href"]]
    answer = service.get(link)
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# Model card")
    card = tree.one("div", class_="model-card")
    inside = [e for e in tree.elements if card in e["inside"]]
    assert {"h3", "table", "strong"} <= {e["tag"] for e in inside}
    assert not {"script", "img", "h1", "a"} & {e["tag"] for e in inside}
    assert "<script>alert(1)</script>" in card["text"]


@pytest.mark.parametrize("text", ["<b>x</b>", "[x](javascript:alert(1))", "![x](http://x/y.png)"])
def test_nothing_in_a_card_becomes_markup_of_its_own(text):
    html = card_html(f"# T\n\na {text} b", "Tables")
    tags = {e["tag"] for e in Tree(html).elements}
    assert tags <= {"p", "a"} and "javascript" not in html.replace("(javascript", "")


@pytest.mark.slow
def test_what_the_monitor_advises_is_told_with_its_reasons(engine, release):
    release_id = publish(release, engine, keep=5).release_id
    with Running(engine) as service:
        assert "has not been checked" in sections(page(service, "/model?language=en"))["watch"]
        assert service.get("/v1/model").json()["retrain"] is None
        keep_report(engine, release_id, monitor_report())
        tree = page(service, "/model?language=en")
        json = service.get("/v1/model?language=en").json()
        assert json["retrain"] is True
        assert all(why in sections(tree)["watch"] for why in json["retrain_why"])
        assert "Predicted and happened" in [text_of(e) for e in tree.all("h2")]
        (here,) = [e for e in tree.all("a") if e.get("aria-current") == "page"]
        assert here["href"].startswith("/model")


@pytest.mark.slow
def test_a_release_from_before_reports_were_kept_says_what_it_knows(engine, tmp_path):
    folder = write_release(tmp_path / "old", company(20))
    publish(changed(folder, data_usability=None), engine, keep=2)
    with Running(engine) as service:
        told = sections(page(service, "/model?language=en"))
        assert "Grade B" in told["grade"] and "calibration" not in told and "card" not in told
        assert "come with the next update" in told["findings"]
        assert service.get("/model/card.md").status == 404
        assert service.get("/v1/model").json()["findings"] == []


@pytest.mark.slow
def test_of_a_large_company_figures_say_whose_they_are(service, engine, tmp_path):
    """Models learn from some of its customers: sums of past dates are theirs, and not of all."""
    assert 'data-part="sample"' not in service.get("/model").text + service.get("/forecast").text
    assert service.get("/v1/model").json()["judged_on"] is None
    sample = {"customers": 71_234, "share": 0.618}
    evaluation = EVALUATION | {"sample": sample | {"rows": 998_000, "learning_curve": {}}}
    forecast = forecast_report() | {"backtest_of": sample}
    folder = write_release(tmp_path / "large", [card_row("1")])
    publish(changed(folder, evaluation=evaluation, forecast=forecast), engine, keep=2)
    with Running(engine) as large:
        assert large.get("/v1/model").json()["judged_on"] == sample
        assert large.get("/v1/forecast").json()["backtest_of"] == sample
        for path in ("/model", "/forecast"):
            told = text_of(page(large, f"{path}?language=en").one("p", **{"data-part": "sample"}))
            assert "71,234 customers, 62% of all, drawn by chance" in told
            told = text_of(page(large, f"{path}?language=ru").one("p", **{"data-part": "sample"}))
            assert "(71 234 клиента, 62 % от всех)" in told.replace("\xa0", " ")


@pytest.mark.slow
def test_a_model_that_nothing_has_judged_claims_nothing(engine, tmp_path):
    needs = [{"what": "history_days", "have": 55, "need": 120}]
    ladder = {"rung": 6, "tree_weight": 0.0, "needs": needs}
    folder = write_release(tmp_path / "new", [card_row("1", rung=6)], ladder=ladder)
    publish(changed(folder, evaluation={"timeline": EVALUATION["timeline"]}), engine, keep=2)
    with Running(engine) as service:
        told = sections(page(service, "/model?language=en"))
        assert "Nothing has judged this model yet" in told["grade"]
        assert "Step 6 of 7" in told["grade"]
        assert "55 of 120 days of history" in told["grade"]
        assert "Grade" not in told["grade"] and "calibration" not in told


def test_a_drawing_holds_every_tenth_within_its_frame():
    bins = [Bin(predicted=n / 11, observed=min(1.0, n / 8), rows=5) for n in range(11)]
    drawn = draw(bins, "en")
    assert all(drawn.left <= x <= drawn.right and drawn.top <= y <= drawn.floor
               for x, y, _ in drawn.points)  # fmt: skip
    assert drawn.up[-1].text == "100%"
    assert draw([], "en") is None


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ru"])
def test_where_a_rule_ranks_nothing_is_promised_or_watched(engine, tmp_path, language):
    folder = write_release(tmp_path / "rule", ROWS, money=False, gate=GATE)
    publish(changed(folder, evaluation={"gate": GATE}), engine, keep=2)
    with Running(engine) as service:
        told = sections(page(service, f"/model?language={language}"))
        assert {"en": "A rule ranks", "ru": "Порядок задаёт правило"}[language] in told["grade"]
        assert "120" in told["grade"]  # days of history that a model needs
        assert not {"watch", "calibration"} & set(told)
        assert service.get("/v1/model").json()["quality"] is None


@pytest.mark.slow
def test_a_table_with_a_label_is_told_as_such(engine, tmp_path):
    rows = [card_row("1", churn_definition="label")]
    folder = write_release(tmp_path / "table", rows)
    label = {"column": "left", "as_of": None}
    timeline = {**EVALUATION["timeline"], "label": label}
    bare = {"customers": 130, "findings": []}
    reports = {"evaluation": EVALUATION | {"timeline": timeline}, "data_usability": bare}
    publish(changed(folder, **reports), engine, keep=2)
    with Running(engine) as service:
        told = sections(page(service, "/model?language=en"))
        assert "Clearly better than the best simple model" in told["grade"]
        assert "rule" not in told["grade"]
        assert "Nothing was found that weakens the figures" in told["findings"]
        assert "orders" not in told["findings"]
