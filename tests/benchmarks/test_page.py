"""The benchmark of the pages: what it asks is there, and a miss is said."""

from urllib.parse import parse_qsl, urlsplit

from benchmarks.page import WORKLIST, misses, pages
from serving.web.page import SECTIONS, query_of

IDS = [f"{number:08d}" for number in range(400)]


def test_every_page_of_the_menu_is_asked_for_and_lists_by_what_they_know():
    asked = pages(IDS)
    assert {path for path in SECTIONS if path != "/"} <= asked.keys()
    for name, address in asked.items():
        split = urlsplit(address(3))
        assert split.path.startswith("/")
        if name.startswith(WORKLIST):
            query_of({key: [value] for key, value in parse_qsl(split.query)})
            assert address(3) != address(4)


def test_what_is_slower_or_larger_than_asked_is_said():
    fine = {"page": WORKLIST, "p50_ms": 99.9, "html_kb": 59.9}
    elsewhere = {"page": "/overview", "p50_ms": 500.0, "html_kb": 200.0}
    assert misses([fine, elsewhere], [{"gzip_kb": 17.0}]) == []
    slow = {"page": "worklist, search", "p50_ms": 100.0, "html_kb": 60.0}
    said = misses([fine, slow], [{"gzip_kb": 60.0}, {"gzip_kb": 40.0}])
    assert [line.partition(":")[0] for line in said] == [slow["page"], slow["page"], "scripts"]
