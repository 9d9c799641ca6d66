"""A wrong catalogue is refused with its line; what the message tells to write mends it."""

import re
from pathlib import Path

import pytest

from actions.plan.catalog import SHIPPED, Catalog
from actions.plan.catalog_file import PARTS, load_catalog
from actions.plan.eligibility import OnlyIf, Span
from actions.plan.talking_points import FOUND, PLACEHOLDERS
from core.errors import CatalogError
from serving.wording.languages import LANGUAGES
from tests.each import check_each

ROOT = Path(__file__).parents[2]
OLDER = """currency: EUR   # of all costs
actions:
  # A mail.
  - id: mail
    channel: email             # the only one
    contact_cost: 0.02
    incentive_cost: 2.00
    redeem_rate: 0.15          # of those who stay
    risk_reduction: {low: 0.05, mid: 0.10, high: 0.18}
    why: win_back
  - {id: call, channel: phone, contact_cost: 2,
     risk_reduction: {low: 0, mid: 0, high: 0}, why: reminder}
  - id: shelf
    channel: none
    contact_cost: 0
    risk_reduction:
      low: 0.01
      mid: 0.02
      high: 0.03
    why: reminder
"""


def written(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(tmp_path, text):
    with pytest.raises(CatalogError) as error:
        load_catalog(written(tmp_path, text))
    return str(error.value)


def carried_out(text, message):
    """The text with the lines of the message written as it says."""
    lines = dict(enumerate(text.splitlines(), start=1))
    for number, line in re.findall(r"^  line (\d+): (.*)$", message, re.M):
        lines[int(number)] = line
    for number, line in re.findall(r"^  before line (\d+): (.*)$", message, re.M):
        lines[int(number)] = f"{line}\n{lines[int(number)]}"
    return "\n".join(lines.values())


def test_an_older_catalogue_is_mended_by_the_lines_that_the_message_tells(tmp_path):
    message = refusal(tmp_path, OLDER)
    assert "own.yaml has the format of an older version" in message
    mended = load_catalog(written(tmp_path, carried_out(OLDER, message)))
    mail, call, shelf = mended.actions
    assert (mail.channels, mail.accept_rate, mail.source) == (("email",), 0.15, "assumption")
    assert (call.channels, call.source) == (("phone",), "assumption")
    assert (shelf.channels, shelf.risk_reduction.mid) == (("none",), 0.02)
    assert "# the only one" in carried_out(OLDER, message)


@pytest.mark.parametrize("file", SHIPPED.values())
def test_the_catalogues_that_come_with_regulars_are_whole(file):
    """Every action has a name and talking points in each language, a level and a source."""
    catalog = load_catalog(ROOT / file)
    assert catalog.churn is not None and SHIPPED[catalog.churn] == file
    for action in catalog.actions:
        for language in LANGUAGES:
            assert getattr(action.name, language), (action.id, language)
            assert getattr(action.talking_points, language), (action.id, language)
        points = [sorted(FOUND.findall(" ".join(getattr(action.talking_points, language))))
                  for language in LANGUAGES]  # fmt: skip
        assert points[0] == points[1], action.id
        assert action.level
        assert action.risk_reduction.low <= 0.15
    repair = [action for action in catalog.actions if action.kind == "service_recovery"]
    assert repair and not any(action.incentive_cost for action in repair)


@pytest.mark.parametrize("file", SHIPPED.values())
def test_words_of_an_action_name_a_channel_only_where_it_has_no_other(file):
    words = {
        "phone": r"\b(call|phone|ring)|звон|телефон",
        "email": r"mail\b|\bletter|письм",
        "sms": r"\b(sms|text message)|смс",
        "post": r"\b(postcard|by post)|открытк",
    }
    for action in load_catalog(ROOT / file).actions:
        texts = [part and part.model_dump() for part in (action.name, action.talking_points)]
        told = str(texts)
        for channel, said in words.items():
            if re.search(said, told, re.IGNORECASE):
                assert action.channels == (channel,), (action.id, channel, told)


def test_a_run_for_which_a_catalogue_is_not_made_is_told_which_is():
    shop = load_catalog(ROOT / "actions.yaml")
    assert shop.misfit("lapse") is None
    assert shop.misfit("label") is None
    assert SHIPPED["cancellation"] in shop.misfit("cancellation")
    assert load_catalog(ROOT / SHIPPED["cancellation"]).misfit("cancellation") is None


BEFORE = "currency: USD\nactions:\n- id: mail\n  channels: [email, phone]\n  source: assumption\n"
REDUCTION = "  risk_reduction: {low: 0.1, mid: 0.2, high: 0.3}\n"
AFTER = "  why: reminder\n"


# A line for every number that a catalogue can have.
NUMBERS = """currency: USD
actions:
- id: mail
  channels: [email, phone]
  source: assumption
  why: reminder
  contact_cost:
    email: 1
    phone: 2.5
  incentive_cost: 3
  accept_rate: 0.5
  risk_reduction:
    low: 0.1
    mid: 0.2
    high: 0.3
    by_segment:
      champions:
        low: 0.1
        mid: 0.2
        high: 0.3
  only_if:
    churn_risk:
      min: 0.1
      max: 0.9
  cooldown_days: 5
  capacity:
    contacts: 10
    days: 30
  timing:
    before: next_purchase
    days: 2
- id: call
  channels: [phone, email]
  source: assumption
  why: reminder
  risk_reduction: {low: 0, mid: 0, high: 0}
  contact_cost: 1
"""
WITH_NUMBER = [n for n, line in enumerate(NUMBERS.splitlines(), 1) if re.search(r": [\d.]+$", line)]


def test_every_number_of_a_catalogue_stands_in_the_text_that_the_next_test_changes():
    of_catalogue = [Catalog, Span, *(model for model in PARTS.values() if model is not OnlyIf)]
    numbers = {
        name
        for model in of_catalogue
        for name, field in model.model_fields.items()
        if re.search(r"\b(int|float)\b", str(field.annotation))
    }
    lines = NUMBERS.splitlines()
    written_out = {lines[n - 1].split(":")[0].strip() for n in WITH_NUMBER}
    assert numbers - written_out == set()


@pytest.mark.slow
def test_a_word_or_what_no_sum_can_be_is_never_taken_for_a_number(tmp_path):
    """YAML reads yes as true, which Python counts as 1; sums of 1e300 are beyond any float."""
    assert load_catalog(written(tmp_path, NUMBERS)).actions[0].incentive_cost == 3

    def is_refused(number, given):
        lines = NUMBERS.splitlines()
        lines[number - 1] = re.sub(r": [\d.]+$", f": {given}", lines[number - 1])
        message = refusal(tmp_path, "\n".join(lines))
        cure = "must be (a number, such as 1.50: this|below 1,000,000,000,000,000: write)"
        assert re.search(rf"cannot be used:\n  line {number}: actions.*{cure}", message), message
        assert message.count("\n") == 1, message

    check_each([(n, given) for n in WITH_NUMBER for given in ("yes", "1.7e+308")], is_refused)


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        ("  contact_cost: 1\n  chanel: sms\n", 7, "Did you mean channels?"),
        ("  contact_cost: -1\n", 6, "greater than or equal to 0"),
        ("  contact_cost: {email: 1}\n", 3, "one for each of the channels email, phone"),
        ("  contact_cost: 1\n  incentive_cost: 2\n", 3, "needs an accept_rate above 0"),
        ("  contact_cost: 1\n  level: friendly\n", 7, "'basic', 'reactive'"),
        ("  contact_cost: 1\n  cooldown_days: -3\n", 7, "greater than or equal to 0"),
        ("  contact_cost: 1\n  capacity: {contacts: 5}\n", 7, "days is missing"),
        ("  contact_cost: 1\n  timing: {before: renewal}\n", 7, "'next_purchase'"),
        ("  contact_cost: 1\n  name: Mail\n", 7, "name: must have keys of its own: en, ru"),
        ("  contact_cost: 1\n  capacity: 5\n", 7, "must have keys of its own: contacts, days"),
        ("  contact_cost: 1,50\n", 6, "must be a number, such as 1.50 (given: 1,50)"),
        ("  contact_cost: 1\n  cooldown_days:\n", 7, "cooldown_days: has no value"),
        ("  contact_cost: 1\n  only_if: {risk_band: low}\n", 7, "in brackets, such as [low]"),
        ("  contact_cost: 1\n  only_if: {risk_band: []}\n", 7, "allows nobody"),
        ("  contact_cost: 1\n  only_if: {category: [5]}\n", 7, "must be text: put it in quotes"),
        ("  contact_cost: 1\n  name: {en: 'For {owner}'}\n", 7, "a name has no placeholders"),
        ("  contact_cost: 1\n  name: {en: 'A\\\n\n    b'}\n", 7, "one line"),
        ("  contact_cost: 1\n  name:\n    fr: Courrier\n", 8, "Known keys: en, ru"),
        ("  contact_cost: 1\n  contact_cost: 2\n", 7, "contact_cost stands in line 6 already"),
        (
            "  contact_cost: 1\n  talking_points:\n    en:\n    - Hello\n    - 'Dear [Name]'\n",
            10,
            "[Name] would be shown as it stands",
        ),
        (
            "  contact_cost: 1\n  talking_points:\n    ru:\n    - 'Это {ownr}'\n",
            9,
            "{ownr} is no placeholder. Did you mean owner?",
        ),
        ("  contact_cost: 1\n  only_if:\n    purchases: {min: 3, max: 2}\n", 8, "min must not"),
    ],
)  # fmt: skip
def test_the_line_of_a_mistake_is_named(tmp_path, lines, line, said):
    message = refusal(tmp_path, BEFORE + lines + REDUCTION + AFTER)
    assert f"line {line}: " in message
    assert said in message


def test_channels_are_spelt_as_in_the_tables_however_they_are_written(tmp_path):
    text = (
        BEFORE.replace("[email, phone]", "[E-mail, SMS]") + "  contact_cost: {e-mail: 1, Sms: 2}\n"
    )
    action = load_catalog(written(tmp_path, text + REDUCTION + AFTER)).actions[0]
    assert action.channels == ("email", "sms") and action.contact_cost == {"email": 1, "sms": 2}
    older = OLDER.replace("channel: email  ", "channel: E-Mail  ")
    mended = carried_out(older, refusal(tmp_path, older))
    assert load_catalog(written(tmp_path, mended)).actions[0].channels == ("email",)


def test_an_older_action_without_a_channel_is_told_a_line_that_mends_it(tmp_path):
    older = OLDER.replace("channel: email             # the only one", "channel:")
    mended = carried_out(older, refusal(tmp_path, older))
    assert load_catalog(written(tmp_path, mended)).actions[0].channels == ("email",)


def test_a_catalogue_that_holds_itself_is_refused(tmp_path):
    assert "has no end" in refusal(tmp_path, "&all\nactions: *all\n")


def test_an_unknown_placeholder_is_told_all_that_are_known(tmp_path):
    points = "  contact_cost: 1\n  talking_points: {en: ['{price}']}\n"
    message = refusal(tmp_path, BEFORE + points + REDUCTION + AFTER)
    assert all(f"{{{name}}}" in message for name in PLACEHOLDERS)


@pytest.mark.parametrize("key", ["channels", "source", "currency"])
def test_what_a_missing_key_may_be_is_an_example_that_mends_it(tmp_path, key):
    text = BEFORE + "  contact_cost: 1\n" + REDUCTION + AFTER
    lines = [line for line in text.splitlines() if f"{key}:" not in line]
    message = refusal(tmp_path, "\n".join(lines))
    example = re.search(r"for example (\w+: .+)", message)[1]
    lines.insert(
        0 if key == "currency" else len(lines), example if key == "currency" else f"  {example}"
    )
    assert load_catalog(written(tmp_path, "\n".join(lines))).actions[0].id == "mail"


def test_a_cost_of_each_channel_and_an_effect_of_a_segment_are_read(tmp_path):
    own = REDUCTION.replace("}", ", by_segment: {champions: {low: 0, mid: 0, high: 0.1}}}")
    text = BEFORE + "  contact_cost: {email: 0.5, phone: 4}\n" + own + AFTER
    action = load_catalog(written(tmp_path, text)).actions[0]
    assert action.contact_cost == {"email": 0.5, "phone": 4.0}
    assert action.risk_reduction.by_segment["champions"].high == 0.1
