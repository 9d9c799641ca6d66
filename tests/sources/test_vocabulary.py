"""Words of closed lists: one word for all its spellings, others named, arms never guessed."""

import pandas as pd
import pytest

from core.errors import TableError
from sources.contract import CONSENTS, CONTACTS, EVENTS, SURVEYS, TICKETS
from sources.meanings.vocabulary import VOCABULARY, _key, channel_word
from tests.sources.folders import checked, params, write
from tests.sources.pasted import paste
from tests.sources.raw_tables import check

FIXED = {
    "customer_id": "a",
    "event_time": "2023-01-01",
    "action_id": "mail",
    "channel": "email",
    "kind": "visit",
    "arm": "treated",
    "opened_at": "2023-01-01",
    "granted": "yes",
    "score": "9",
}


def rows_of(table, **columns):
    """Rows with the given cells; every other required cell holds something that is fine."""
    raw = pd.DataFrame(columns)
    for column in table.required:
        if column not in raw:
            raw[column] = FIXED.get(column, [str(n) for n in range(len(raw))])
    return raw


@pytest.mark.slow_after(4)
@pytest.mark.parametrize(
    ("table", "column", "spellings", "word"),
    [
        (
            TICKETS,
            "kind",
            ["complaint", "Complaint", " COMPLAINT ", "жалоба", "Жалоба"],
            "complaint",
        ),
        (TICKETS, "kind", ["Вопрос", "question", "Enquiry"], "question"),
        (TICKETS, "priority", ["High", "высокий", "MAJOR"], "high"),
        (CONTACTS, "arm", ["Treated", "treatment", "test group", "Целевая группа"], "treated"),
        (
            CONTACTS,
            "arm",
            ["hold-out", "Control", "control_group", "контроль", "HOLDOUT"],
            "holdout",
        ),
        (CONTACTS, "channel", ["e-mail", "E Mail", "Почта", "эл. почта", "EMAIL"], "email"),
        (CONTACTS, "channel", ["звонок", "Call", "Телефон", "phone"], "phone"),
        (CONSENTS, "purpose", ["Profiling", "профилирование", "PROFILING"], "profiling"),
        (SURVEYS, "kind", ["NPS", "nps ", "Net Promoter Score"], "nps"),
        (SURVEYS, "kind", ["CSAT", "Удовлетворённость"], "csat"),
        (EVENTS, "kind", ["app open", "App-Open", "appOpen", "APP_OPEN"], "app_open"),
    ],
)
def test_one_word_however_it_is_written(table, column, spellings, word):
    result = check(rows_of(table, **{column: spellings}), table)
    assert set(result.rows[column]) == {word}
    assert not result.notes


def test_a_word_that_is_not_known_is_kept_and_named_with_its_count():
    raw = rows_of(TICKETS, kind=["complaint", "Billing dispute", "billing-dispute", None])
    result = check(raw, TICKETS)
    assert result.rows["kind"].fillna("").tolist() == [
        "complaint",
        "billing_dispute",
        "billing_dispute",
        "",
    ]
    (note,) = result.notes
    assert (note.check, note.column, note.rows) == ("unknown_words", "kind", 2)
    assert "Billing dispute (1), billing-dispute (1)" in note.meaning


@pytest.mark.slow_after(4)
@pytest.mark.parametrize(
    ("word", "granted"),
    [("да", True), ("Нет", False), ("opt-out", False), ("Granted", True), ("отказ", False)],
)
def test_consent_is_read_from_the_words_of_people(word, granted):
    assert check(rows_of(CONSENTS, granted=[word]), CONSENTS).rows["granted"].tolist() == [granted]


def contacts(folder, name, *arms):
    lines = [f"a,{n},2023-01-0{n + 1},mail,email,{arm}" for n, arm in enumerate(arms)]
    text = f"customer_id,contact_id,event_time,action_id,channel,{name}\n" + "\n".join(lines) + "\n"
    orders = "customer_id,order_id,event_time\na,1,2023-01-01\n"
    return write(folder, contacts=text, orders=orders)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["arm", "Test cell"])
def test_an_unknown_arm_is_refused_and_the_printed_derive_maps_it(tmp_path, name):
    of_params = contacts(tmp_path, name, "Group A", "group B", "control", "Group A")
    if name != "arm":
        of_params = params(tmp_path, columns={"contacts": {"arm": name}})
    with pytest.raises(
        TableError, match=r"3 rows have an arm.*Group A \(2\), group B \(1\)"
    ) as stop:
        checked(of_params)
    told = str(stop.value)
    assert "treated" in told and "holdout" in told
    told = told.replace("'group B' THEN 'treated'", "'group B' THEN 'holdout'")
    mended = checked(paste(of_params, told))
    assert mended["contacts"].rows["arm"].tolist() == ["treated", "holdout", "holdout", "treated"]


def test_no_spelling_stands_for_two_words_of_one_list():
    for words in VOCABULARY.values():
        ways = {_key(way) for word, others in words.items() for way in (word, *others)}
        assert len(ways) == sum(1 + len(others) for others in words.values())


def test_channels_of_the_catalogue_go_by_the_word_of_the_tables():
    assert [channel_word(text) for text in ("call", "e_mail", "carrier_pigeon")] == [
        "phone",
        "email",
        "carrier_pigeon",
    ]
