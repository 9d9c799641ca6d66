"""The usability page: it stands alone, says everything, and runs nothing that the data holds."""

import re
from html.parser import HTMLParser

import pytest

from core.errors import DataGateError
from core.files import write_json
from features.usability.finding import Finding, as_records
from pipelines import score, stage
from pipelines.reports.usability_page import headline, page
from tests.features.test_usability_feed import counts_of, events_until
from tests.features.usable import checked, orders, report_of, rows_of_days

MARKUP = "<img src=x onerror=alert(1)>&\"'"
VOID = {"meta", "br"}


class Nesting(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(html):
    nesting = Nesting()
    nesting.feed(html)
    assert nesting.open == []
    return nesting


@pytest.fixture(scope="module")
def dead_report():
    counts = counts_of()
    counts[-6:] = 0
    counts[60:64] = 0
    return report_of(checked(orders=rows_of_days(counts), events=events_until(len(counts))))


@pytest.fixture(scope="module")
def report():
    return report_of(checked(orders=orders()))


def test_the_page_needs_nothing_else(dead_report):
    html = page(dead_report)
    assert "<script" not in html
    assert not re.search(r"(?:src|href|url\()", html)
    assert "http" not in html
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html


def test_the_page_has_every_finding_and_figure(dead_report):
    read_page = read(page(dead_report))
    text = read_page.text
    for finding in dead_report["findings"]:
        assert finding["meaning"][1:] in text
        assert finding["what_to_do"][1:] in text
    for said in ("Span", "Customers", "Bought once", "Refunds", "Guests", "Known late", "History"):
        assert said in text
    assert f"{dead_report['orders']:,}" in text
    assert read_page.tags.count("svg") == len(dead_report["volume"]) == 2
    assert page(dead_report).count('<rect class="dead"') == 1
    assert page(dead_report).count('<rect class="gap"') == 1


def test_the_picture_has_a_point_for_each_length_of_silence(report):
    html = page(report)
    assert html.count('<circle class="dot"') == len(report["return_curve"]) == 4
    assert "horizon 28" in html and "suggested 56" in html


def test_what_customers_supply_is_text_and_never_markup(report):
    finding = as_records([Finding(MARKUP, "warning", MARKUP, MARKUP, 1, MARKUP, MARKUP)])
    named = {**report, "findings": finding, "tables": {MARKUP: report["tables"]["orders"]}}
    named["volume"] = {**report["volume"], MARKUP: report["volume"]["orders"]}
    html = page(named)
    assert "<img" not in html
    assert MARKUP in read(html).text
    clean = read(page({**report, "findings": as_records([])})).tags
    assert set(read(html).tags) <= {*clean, "ul", "li", "b", "span"}


def test_data_without_a_silence_still_has_a_page(dead_report):
    assert dead_report["return_curve"] == []
    assert "Nobody was silent for a week" in page(dead_report)


def test_the_headline_counts_and_names_the_most_severe(dead_report, report):
    assert headline(dead_report).startswith("1 error, ")
    assert "first: orders: The feed seems dead: 0 orders from 2023-07-18" in headline(dead_report)
    none = {
        **report,
        "findings": [one for one in report["findings"] if one["severity"] == "advice"],
    }
    assert headline(none) == "no errors, no warnings"


def test_score_stops_at_a_dead_feed_before_it_reads_anything_else(
    dead_report, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_json(stage.USABILITY, dead_report)
    with pytest.raises(DataGateError, match="a dead feed looks like mass churn"):
        score.main()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["data_usability.json"]
