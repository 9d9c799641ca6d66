import re
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from core.errors import ParamsError
from pipelines.params import FILE, AllParams, load_params
from tests.each import check_each
from tests.pipelines.code import ROOT

TEXT = (ROOT / FILE).read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")


def fields(model, path=()):
    """Every dotted key that the typed models know."""
    for name, field in model.model_fields.items():
        inner = [t for t in (field.annotation, *get_args(field.annotation)) if isinstance(t, type)]
        section = next((t for t in inner if issubclass(t, BaseModel)), None)
        if section is None:
            yield ".".join((*path, name))
        else:
            yield from fields(section, (*path, name))


def places(text):
    """Line number of every key of a YAML text, by its dotted name."""

    def walk(node, path):
        for key, value in node.value:
            name = (*path, key.value)
            yield ".".join(name), key.start_mark.line
            if isinstance(value, yaml.MappingNode):
                yield from walk(value, name)

    return dict(walk(yaml.compose(text), ()))


def commented(text, line):
    """Whether a line has words of explanation at its end or right above it."""
    lines = text.splitlines()
    inline = lines[line].partition(" #")[2]
    above = lines[line - 1].strip() if line else ""
    return len(inline.strip()) > 5 or (above.startswith("#") and len(above) > 10)


KEYS = list(fields(AllParams))
PLACES = places(TEXT)


def test_the_file_of_the_repository_is_read_into_typed_models():
    params = load_params(ROOT / FILE)
    assert params.source.kind == "complete_journey"
    assert params.task.horizon_days == 28
    assert params.actions.capacities == {"phone": 40}


def test_every_parameter_stands_in_params_yaml():
    assert set(KEYS) - set(PLACES) == set()


def test_every_parameter_is_documented():
    rows = set(re.findall(r"^\| `(.+?)` \|.*\|$", PAGE, flags=re.MULTILINE))
    assert set(KEYS) - rows == set(), "docs/parameters.md has no row for them: run `make docs`"


def test_every_key_has_a_comment():
    def explained(key):
        assert commented(TEXT, PLACES[key]), f"params.yaml, line {PLACES[key] + 1}"

    # A channel is left out: its parent says what it means.
    sections = set(AllParams.model_fields)
    channels = {key for key in PLACES if key.startswith("actions.capacities.")}
    check_each(PLACES.keys() - sections - channels, explained)


def test_a_missing_comment_is_noticed():
    for line in ("  kind: files\n", "a: 1\n  kind: files\n", "# x\n  kind: files\n"):
        assert not commented(line, line.count("\n") - 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("source:\n", "sources:\n", "sources…Did you mean source?"),
        ("horizon_days: 28", "horizon_day: 28", "task.horizon_day…Did you mean horizon_days?"),
        ("min_churners: 5", "min_churn: 5", "model.gates.min_churn…Did you mean min_churners?"),
        ("num_leaves: 8", "leaves: 8", "model.churn.leaves…Did you mean num_leaves?"),
        ("budget: 1000", "budgets: 1000", "actions.budgets…Did you mean budget?"),
        (
            "timezone: UTC",
            "zzz: UTC",
            "source.zzz…Known here: as_of, calendar, columns, country, currency, ",
        ),
    ],
)
def test_an_unknown_key_is_refused_and_the_nearest_known_one_named(wrong, old, new, said):
    assert said.replace("…", " is not a parameter. ") in wrong(old, new)


@pytest.mark.slow_after(7)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: complete_journey", "kind: csv", "source.kind is 'csv'; it should be 'complete_jou"),
        ("horizon_days: 28", "horizon_days: 0", "task.horizon_days is 0"),
        ("horizon_days: 28", "horizon_days: 2.5", "task.horizon_days is 2.5"),
        ("max_quarantined: 0.05", "max_quarantined: 5", "source.max_quarantined is 5"),
        ("seed: 20", "seed: luck", "model.seed is 'luck'"),
        ("max_reasons: 5", "max_reasons: 6", "model.max_reasons is 6"),
        ("high: 0.5", "high: 1.5", "model.bands.high is 1.5"),
        ("control: 0.05", "control: 1", "actions.persistent_control is 1"),
        ("engine: duckdb", "engine: pandas", "engine is 'pandas'"),
        ("test_as_of_dates: []", "test_as_of_dates: [32.1.17]", "timeline.test_as_of_dates.0 is"),
        ("score_as_of: auto", "score_as_of: never", "timeline.score_as_of is 'never'"),
        ("s: {phone: 40}", "s: {phone: many}", "actions.capacities.phone is 'many'"),
        ("  seed: 20\n", "", "model.seed is missing"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(wrong, old, new, said):
    message = wrong(old, new)
    assert said in message
    assert "constrained" not in message


def test_a_value_that_fits_neither_of_two_types_is_one_mistake(wrong):
    message = wrong("horizon_days: 28", "horizon_days: 0")
    told = "task.horizon_days is 0; it should be greater than 0 or 'auto'"
    assert message.endswith(told)


def test_a_key_that_is_gone_is_told_with_what_took_its_place(tmp_path):
    """The cure is carried out: with the lines that it prints in place of the key, it is read."""
    old = TEXT.replace("  persistent_control: 0.05\n", "").replace("  control_draw: 1\n", "")
    path = tmp_path / "params.yaml"
    path.write_text(old.replace("  holdout_salt:", "  holdout_epoch: auto\n  holdout_salt:"))
    with pytest.raises(ParamsError, match="holdout_epoch is gone") as error:
        load_params(path)
    lines = re.findall(r"'(\w+: [\w.]+)'", str(error.value))
    assert len(lines) == 2
    cure = "".join(f"  {line}\n" for line in lines)
    path.write_text(path.read_text().replace("  holdout_epoch: auto\n", cure))
    assert load_params(path) == load_params(ROOT / FILE)


def test_a_section_that_is_a_number_is_told_to_be_a_section(tmp_path):
    content = yaml.safe_load(TEXT)
    content["model"]["bands"] = 3
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ParamsError, match=r"model\.bands is 3; it should be a section with keys"):
        load_params(tmp_path / "params.yaml")


def test_a_misspelt_key_is_told_before_the_one_that_is_missing_for_it(wrong):
    message = wrong("horizon_days: 28", "horizon_day: 28")
    assert message.index("Did you mean horizon_days?") < message.index("horizon_days is missing")


def test_every_mistake_is_told_at_once(wrong):
    message = wrong("  timezone: UTC\n", "  timezones: UTC\n  max_row: 3\n")
    assert "source.timezones" in message
    assert "source.max_row" in message


@pytest.mark.parametrize("content", ["", "[1, 2]", "just words", "source: 3"])
def test_a_file_that_is_no_set_of_sections_is_refused(tmp_path, content):
    (tmp_path / "params.yaml").write_text(content)
    with pytest.raises(
        ParamsError, match=r"params\.yaml.*(holds no parameters: its sections are|source is 3)"
    ):
        load_params(tmp_path / "params.yaml")


def test_text_that_is_not_yaml_is_refused_with_the_line(tmp_path):
    (tmp_path / "params.yaml").write_text("source:\n  kind: [files\n")
    with pytest.raises(ParamsError, match=r"not valid YAML(.|\n)*line"):
        load_params(tmp_path / "params.yaml")


def test_without_params_yaml_it_says_where_to_run(tmp_path):
    with pytest.raises(ParamsError, match="run the command from the project's folder"):
        load_params(tmp_path / "params.yaml")


def test_parameters_never_change():
    with pytest.raises(ValueError, match="frozen"):
        load_params(ROOT / FILE).task.horizon_days = 3


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("source", "timezone", "Europe/Londn", "Did you mean Europe/London?"),
        ("model", "seed", -1, "model.seed"),
        ("model", "bands", {"high": 0.2, "medium": 0.5}, "medium must be below high"),
        ("actions", "budget", float("inf"), "actions.budget"),
    ],
)
def test_a_value_that_would_fail_later_is_refused_at_once(tmp_path, section, key, value, said):
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params[section][key] = value
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(params), encoding="utf-8")
    with pytest.raises(ParamsError, match=re.escape(said)):
        load_params(file)


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ("[2017-13-40]", "a date that does not exist"),
        ('[["2017-02-03", "2017-02-01"]]', "ends before it begins"),
        ('[["2017-02-03"]]', "source.known_gaps"),
        ("[[2017-02-03, 2017-02-05]]", 'source.known_gaps holds 2017-02-03, write "2017-02-03"'),
        ("soon", "source.known_gaps is 'soon'"),
    ],
)
def test_known_gaps_are_days_that_exist_and_pairs_in_order(wrong, gaps, said):
    assert said in wrong("known_gaps: []", f"known_gaps: {gaps}")


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "columns: {orders: {order_id: No}}",
            'source.columns.orders.order_id: write "No" in quotes',
        ),
        ("columns: {orders: {amount: On}}", 'source.columns.orders.amount: write "On" in quotes'),
        (
            "columns: {orders: {amount: 2024}}",
            'source.columns.orders.amount: write "2024" in quotes',
        ),
        (
            "columns: {customers: {Yes: a, Off: b}}",
            'columns.customers: write "Yes" and "Off" in quotes',
        ),
        ("static_attributes: [No]", 'source.static_attributes.0: write "No" in quotes'),
        ("path: 2024", 'source.path: write "2024" in quotes'),
    ],
)
def test_a_word_that_yaml_takes_for_no_text_is_named_as_it_stands_and_the_cure_works(
    tmp_path, line, said
):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    name = line.split(":")[0]
    changed = re.sub(rf"^  {name}: .*$", f"  {line}", text, count=1, flags=re.M)
    file = tmp_path / "params.yaml"
    file.write_text(changed, encoding="utf-8")
    with pytest.raises(ParamsError) as error:
        load_params(file)
    assert said in str(error.value)
    words = re.findall(r'"(\w+)"', said)
    quoted = re.sub(rf"\b({'|'.join(words)})\b", r'"\1"', line)
    file.write_text(changed.replace(line, quoted), encoding="utf-8")
    load_params(file)
