"""What people read says what the code does."""

import ast
import json
import re
import subprocess
from pathlib import Path

import yaml

from features.checking import own_features
from features.snapshot import all_features
from models.churn import checking as churn_checking
from models.probability.metrics import METRICS
from models.words import OURS
from pipelines.reports.names import NAMES
from tests.each import check_each
from tools.decision_index import INDEX, decision_index, decision_pages, first_sentence
from tools.house_map import HOUSE, first_line, house_page, layer_orders
from tools.write_docs import FEATURES, PARAMETERS, features_page, parameters_page

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in sorted(
        [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    )
}
PACKAGES = ("core", "sources", "features", "models", "actions", "serving", "pipelines")
FOLDERS = (*PACKAGES, "tests", "tools", "benchmarks", "docs", "notebooks")
WRITTEN_LATER = ("benchmarks/out", "benchmarks/data")  # by a command, and git ignores them


def test_the_feature_page_is_what_the_functions_say():
    assert (ROOT / FEATURES).read_text(encoding="utf-8") == features_page(), "run `make docs`"


def test_every_feature_has_a_unit_a_group_and_a_sentence():
    for feature in all_features():
        assert feature.unit, feature.name
        assert feature.description.endswith("."), feature.name
        assert feature.group or feature.family == "btyd", feature.name
    names = [feature.name for feature in all_features()]
    assert len(names) == len(set(names))


def test_the_parameter_page_is_what_params_yaml_says():
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert (ROOT / PARAMETERS).read_text(encoding="utf-8") == parameters_page(text), (
        "run `make docs`"
    )


def test_the_parameter_page_has_every_key_of_params_yaml_with_a_meaning():
    page = (ROOT / PARAMETERS).read_text(encoding="utf-8")
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))

    def keys(node, path=()):
        for name, inner in node.items():
            if isinstance(inner, dict) and inner and (*path, name) != ("actions", "capacities"):
                yield from keys(inner, (*path, name))
            else:
                yield ".".join((*path, name))

    for key in keys(content):
        row = re.search(rf"^\| `{re.escape(key)}` \| .* \| (.*) \|$", page, flags=re.MULTILINE)
        assert row and len(row[1]) > 10, f"{key} has no comment in params.yaml"


def test_every_metric_that_is_written_is_documented():
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", page))
    assert set(METRICS) <= documented
    assert set(NAMES) - {OURS} <= documented
    written = set()
    for file in sorted((ROOT / "metrics").glob("*.json")):
        written |= _names(json.loads(file.read_text(encoding="utf-8")))
    assert written, "metrics/ is empty: run `make run`"
    wrapping = {OURS, "own_mean_gap", "last_period", "when", "horizon_days", "test_as_of_dates"}
    undocumented = {n for n in written - documented - wrapping - set(NAMES) if not n.isdigit()}
    assert undocumented - {"bought", "share", "low", "high", "value"} == set()


def _names(node):
    if not isinstance(node, dict):
        return set()
    return set(node).union(*(_names(inner) for inner in node.values()))


def test_every_promise_of_code_of_one_s_own_stands_on_its_page():
    page = PAGES["docs/extensions.md"]
    promises = {
        value
        for checks in (own_features, churn_checking)
        for name, value in vars(checks).items()
        if name.isupper() and isinstance(value, str) and " " in value
    }
    assert len(promises) == 16
    assert {promise for promise in promises if promise not in page} == set()


def test_links_between_pages_lead_somewhere():
    def leads_somewhere(page):
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", PAGES[page]):
            file = (ROOT / page).parent / target if target else ROOT / page
            assert file.exists(), target
            assert not anchor or anchor in _anchors(file), f"{target}#{anchor}"

    check_each(PAGES, leads_somewhere)


def _anchors(page):
    """The addresses of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_make_target_is_in_the_help_and_every_one_named_in_a_page_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony and targets == set(phony[1].split())
    for page, text in PAGES.items():
        named = re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)
        assert set(named) <= targets, page


def test_every_module_named_in_the_readme_can_be_run():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for module in re.findall(r"python -m ([a-z_.]+)", readme):
        path = ROOT / Path(*module.split(".")).with_suffix(".py")
        if not path.exists():
            path = path.with_suffix("") / "__main__.py"
        assert path.exists() and "__main__" in path.read_text(encoding="utf-8"), module


def test_the_map_of_the_house_is_what_docstrings_and_import_contracts_say():
    text = (ROOT / HOUSE).read_text(encoding="utf-8")
    assert text == house_page(ROOT, text), "run `make docs`"


def test_the_map_gives_rooms_and_modules_in_the_order_of_the_import_contracts():
    layers = {"type": "layers", "name": "models"}
    contracts = [
        {"type": "forbidden", "name": "no mlflow"},
        {**layers, "layers": ["models.cards", "models.value | models.churn", "models.params"]},
        {**layers, "layers": ["worded", "(card)"], "containers": ["serving.cards"]},
    ]
    orders = layer_orders({"tool": {"importlinter": {"contracts": contracts}}})
    assert orders == {
        "models": [["params"], ["value", "churn"], ["cards"]],
        "serving.cards": [["card"], ["worded"]],
    }


def test_every_module_and_room_begins_with_one_line_that_says_what_it_holds():
    unfinished = [
        str(module.relative_to(ROOT))
        for package in PACKAGES
        for module in sorted((ROOT / package).rglob("*.py"))
        if not re.fullmatch(r".{10,}[.?]", first_line(module))
    ]
    assert not unfinished, unfinished


def test_files_and_folders_that_a_page_names_exist():
    def exist(page):
        named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w/.-]*)`", PAGES[page])
        later = {name for name in named if name.startswith(WRITTEN_LATER)}
        missing = {name for name in set(named) - later if not (ROOT / name).exists()}
        assert not missing, missing

    check_each(PAGES, exist)


def test_what_the_code_in_a_page_imports_from_us_exists():
    def exists(page, module, name):
        file = (ROOT / Path(*module.split("."))).with_suffix(".py")
        assert file.exists(), file
        defined = rf"^(def|class) {name}\b|^{name} = "
        assert re.search(defined, file.read_text(encoding="utf-8"), re.MULTILINE), file

    check_each(_imports(), exists)


def _imports():
    for page, text in PAGES.items():
        for code in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            for node in ast.walk(ast.parse(code)):
                if isinstance(node, ast.ImportFrom) and node.module.startswith(PACKAGES):
                    yield from ((page, node.module, alias.name) for alias in node.names)


def test_the_index_lists_every_decision_in_the_order_of_its_number():
    assert (ROOT / INDEX).read_text(encoding="utf-8") == decision_index(ROOT), "run `make docs`"
    numbers = [int(page.name[:4]) for page in decision_pages(ROOT)]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1


def test_every_decision_has_a_title_a_choice_and_downsides():
    for page in decision_pages(ROOT):
        text = page.read_text(encoding="utf-8")
        assert re.match(rf"# {int(page.name[:4])}\. \S", text), page.name
        for part in ("Choice", "Downsides"):
            assert 10 < len(first_sentence(text, part)) <= 200, (page.name, part)


def test_the_readme_is_short_and_leads_to_the_decisions():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.encode()) < 10_000
    assert "](docs/decisions/README.md)" in readme
    for page in re.findall(r"docs/decisions/(\d{4}-[\w-]+\.md)", readme):
        assert (ROOT / "docs" / "decisions" / page).exists()


def test_the_error_tree_is_drawn_as_it_stands():
    text = (ROOT / "core" / "errors.py").read_text(encoding="utf-8")
    module = ast.parse(text)
    classes = [node.name for node in module.body if isinstance(node, ast.ClassDef)]
    drawn = re.findall(r"(?:├──|└──) (\w+)", ast.get_docstring(module) or "")
    assert sorted(drawn) == sorted(name for name in classes if name != "RegularsError")


def test_no_file_of_the_packages_is_long_enough_to_hold_two_ideas():
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if name.startswith(PACKAGES):
            lines = len((ROOT / name).read_text(encoding="utf-8").splitlines())
            assert lines <= 320, f"{name} has {lines} lines"
