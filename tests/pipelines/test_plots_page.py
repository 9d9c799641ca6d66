"""The page of `dvc plots show` needs no network: its chart library stands in its template."""

import hashlib
import re
import warnings
from configparser import ConfigParser

from tests.pipelines.code import ROOT

FOLDER = ROOT / ".dvc" / "plots"
# Of the files build/*.min.js in the packages of npm.
PUBLISHED = {
    "vega 5.33.1": "463f3db6a40b20e9747b4ed38f37ed0add508838f9141b1cf8366784b07b30c8",
    "vega-lite 5.23.0": "58c27358e26f2d319cf62f45bc17a4c8362f08645001df2ec8d341eee4097c7f",
    "vega-embed 6.29.0": "12d02acfbe3ec59ef9a37dd4822a2e04e2961b5bbb671bbe661d2221715b99da",
}


def template():
    return (FOLDER / "page.html").read_text(encoding="utf-8")


def test_dvc_is_told_of_the_template():
    config = ConfigParser()
    config.read(ROOT / ".dvc" / "config")
    assert (ROOT / ".dvc" / config["plots"]["html_template"]) == FOLDER / "page.html"


def test_its_scripts_are_those_that_npm_publishes_with_their_licences():
    parts = re.findall(r'<script data-from="([^,]*), [^"]*">(.*?)</script>', template(), re.DOTALL)
    found = {name: hashlib.sha256(script.encode("utf-8")).hexdigest() for name, script in parts}
    assert found == PUBLISHED
    licences = (FOLDER / "LICENSES.txt").read_text(encoding="utf-8")
    assert "Redistribution and use in source and binary forms" in licences
    for name in PUBLISHED:
        assert name in licences


def test_it_loads_nothing_and_leaves_out_the_scripts_that_dvc_would_load():
    around = re.sub(r"<script data-from.*?</script>", "", template(), flags=re.DOTALL)
    assert "{plot_divs}" in around and "{refresh_tag}" in around
    assert "{scripts}" not in template()  # there DVC puts the addresses of a CDN
    assert "http" not in around and "src=" not in around


def test_a_chart_is_drawn_without_any_network(chromium, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dvc_render import VegaRenderer
        from dvc_render.html import render_html
    points = [
        {"x": x, "y": x * x, "rev": "workspace", "filename": "a.csv", "field": "y"}
        for x in range(5)
    ]
    chart = VegaRenderer(points, "a", x="x", y="y", template="linear")
    page = render_html([chart], tmp_path / "index.html", str(FOLDER / "page.html"))
    asked = []
    tab = chromium.new_page()
    tab.route("**/*", lambda route: (asked.append(route.request.url), route.continue_()))
    tab.goto(page.as_uri())
    tab.wait_for_selector("canvas", timeout=20_000)
    assert asked == [page.as_uri()]
    tab.close()
