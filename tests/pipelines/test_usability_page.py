"""The usability page: it stands alone, says everything, and runs nothing that the data holds."""

import re
from html.parser import HTMLParser

import pytest

from core.errors import DataGateError
from core.files import write_json
from features.usability.finding import Finding
from features.usability.report import as_json
from pipelines import score, stage
from pipelines.reports.usability_page import headline, page
from serving.wording.languages import LANGUAGES
from serving.wording.writing import KINDS, shown
from tests.features.test_usability_feed import counts_of, events_until
from tests.features.usable import checked, found_in, orders, rows_of_days

MARKUP = "<img src=x onerror=alert(1)>&\"'"
VOID = {"meta", "br"}


class Nesting(HTMLParser):
    """Every element that is opened is closed, in order; no id is given twice."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.ids, self.links, self.by_language = [], [], dict.fromkeys(LANGUAGES, "")

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        values = dict(attrs)
        assert len(values) == len(attrs)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values[name] for name in ("src", "href", "xlink:href") if name in values]
        if tag not in VOID:
            self.open.append((tag, values.get("lang")))

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        self.text += data
        language = next((lang for _, lang in self.open[::-1] if lang), None)
        if language in self.by_language:
            self.by_language[language] += data


def read(html):
    nesting = Nesting()
    nesting.feed(html)
    nesting.close()
    assert nesting.open == []
    assert len(set(nesting.ids)) == len(nesting.ids)
    return nesting


@pytest.fixture(scope="module")
def dead_report():
    counts = counts_of()
    counts[-6:] = 0
    counts[60:64] = 0
    return found_in(checked(orders=rows_of_days(counts), events=events_until(len(counts))))


@pytest.fixture(scope="module")
def report():
    return found_in(checked(orders=orders()))


@pytest.mark.slow
def test_the_page_needs_nothing_else(dead_report):
    html = page(dead_report)
    assert "<script" not in html
    assert read(html).links == [f"#{language}" for language in LANGUAGES]
    assert not re.search(r"url\(|@import|http", html)
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html


def test_the_page_has_every_finding_and_figure_in_english(dead_report):
    read_page = read(page(dead_report))
    text = read_page.by_language["en"]
    for finding in dead_report["findings"]:
        assert finding.meaning[1:] in text
        assert finding.what_to_do[1:] in text
    for said in ("Span", "Customers", "Bought once", "Refunds", "Guests", "Known late", "History"):
        assert said in text
    assert f"{dead_report['orders']:,}" in text
    pictures = len(dead_report["volume"]) * len(LANGUAGES)
    assert read_page.tags.count("svg") == pictures == 4
    assert page(dead_report).count('<rect class="dead"') == len(LANGUAGES)
    assert page(dead_report).count('<rect class="gap"') == len(LANGUAGES)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_the_numbers_of_the_report_in_each_language(report, language):
    text = read(page(report)).by_language[language]
    for value, kind in (
        (report["customers"], "number"),
        (report["orders"], "number"),
        (report["history_days"], "days"),
        (report["history_in_horizons"], "horizons"),
        (report["suggested_horizon_days"], "days"),
        (report["one_time_share"], "share"),
        (report["guest_share"], "share"),
        (report["volume"]["orders"]["last_week"], "number"),
        (report["volume"]["orders"]["usual_week"], "number"),
        (report["first_day"], "day"),
        (report["last_day"], "day"),
        *((row["silences"], "number") for row in report["return_curve"]),
        *((row["returned"], "share") for row in report["return_curve"]),
        *((number, "number") for number in report["tables"]["orders"].values()),
    ):
        assert shown(value, kind, language, {}, KINDS) in text, (value, kind)


def test_the_findings_are_said_in_russian_too_with_the_same_numbers(dead_report):
    text = read(page(dead_report)).by_language["ru"]
    (dead,) = (q for q in dead_report["volume"]["orders"]["quiet"] if q["kind"] == "dead")
    first, last, rows, usual = (
        shown(dead[name], kind, "ru", {}, KINDS)
        for name, kind in (
            ("first_day", "day"),
            ("last_day", "day"),
            ("rows", "number"),
            ("usual", "number"),
        )
    )
    assert f"с {first} по {last}: {rows} при обычных {usual}" in text
    assert f'["{dead["first_day"]}", "{dead["last_day"]}"] в source.known_gaps' in text
    words = {finding.meaning for finding in dead_report["findings"] if finding.said}
    assert words and not any(meaning[1:] in text for meaning in words)


def test_each_picture_says_what_it_shows_to_those_who_cannot_see_it(report):
    html = page(report)
    pictures = re.findall(r'<svg [^>]*role="img" aria-labelledby="([^"]+)"', html)
    assert len(pictures) == html.count("<svg") == 2 * len(LANGUAGES)
    for name in pictures:
        assert re.search(rf'<title id="{name}">\S', html)


def test_the_picture_has_a_point_for_each_length_of_silence(report):
    html = page(report)
    points = html.count('<circle class="dot')
    assert points == len(report["return_curve"]) * len(LANGUAGES) == 8
    assert html.count('<line class="range"') == points
    few = sum(row["few"] for row in report["return_curve"])
    assert html.count('<circle class="dot few"') == few * len(LANGUAGES)
    assert "horizon 28" in html and "suggested 56" in html


def test_what_customers_supply_is_text_and_never_markup(report):
    finding = [Finding(MARKUP, "warning", MARKUP, MARKUP, 1, MARKUP, MARKUP)]
    named = {**report, "findings": finding, "tables": {MARKUP: report["tables"]["orders"]}}
    named["volume"] = {**report["volume"], MARKUP: report["volume"]["orders"]}
    html = page(named)
    assert "<img" not in html
    assert all(MARKUP in read(html).by_language[language] for language in LANGUAGES)
    clean = read(page({**report, "findings": []})).tags
    assert set(read(html).tags) <= {*clean, "ul", "li", "b", "span"}


def test_data_without_a_silence_still_has_a_page(dead_report):
    assert dead_report["return_curve"] == []
    assert "Nobody was silent for a week" in page(dead_report)


def test_the_headline_counts_and_names_the_most_severe(dead_report, report):
    assert headline(dead_report).startswith("1 error, ")
    assert "first: orders: The feed seems dead: 0 orders from 2023-07-18" in headline(dead_report)
    none = {
        **report,
        "findings": [one for one in report["findings"] if one.severity == "advice"],
    }
    assert headline(none) == "no errors, no warnings"
    assert headline(dead_report, "ru").startswith("1 ошибка, ")
    assert headline(none, "ru") == "ни ошибок, ни предупреждений"


def test_score_stops_at_a_dead_feed_before_it_reads_anything_else(
    dead_report, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_json(stage.USABILITY, as_json(dead_report))
    with pytest.raises(DataGateError, match="a dead feed looks like mass churn"):
        score.main()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["data_usability.json"]
