"""Files as exports write them: encodings and line ends are read, or named with what cures them."""

import pandas as pd
import pytest
from pydantic import ValidationError

from core.errors import SourceError
from sources.kinds.files import describe
from sources.written.encodings import encoding_of
from tests.sources.folders import HEADER, checked, params, write

NAMES = ["Иванов Пётр", "Клиент номер 302", "ООО Ромашка", "Товары для дома"]
RUSSIAN = "Покупатель;order_id;event_time;Сумма\n" + "".join(
    f"{name} {n};{n};02.06.2023 10:0{n % 10};1 053,{n:02}\n" for n, name in enumerate(NAMES * 5)
)
MAPPED = {"columns": {"orders": {"customer_id": "Покупатель", "amount": "Сумма"}}}


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "utf-8-sig",
        "cp1251",
        "cp866",
        "koi8-r",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
    ],
)
def test_russian_exports_are_read_in_the_encodings_they_come_in(tmp_path, encoding):
    write(tmp_path, orders=RUSSIAN.encode(encoding))
    rows = checked(params(tmp_path, **MAPPED))["orders"].rows
    assert rows["customer_id"].iloc[0] == "Иванов Пётр 0"
    assert rows["amount"].iloc[1] == 1053.01
    told = describe(params(tmp_path, **MAPPED))
    assert ("read as" in told) == (not encoding.startswith("utf-8"))


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r"])
@pytest.mark.parametrize(
    "line",
    ["ЦБ-0001;ИП Клиент 0302;1\u00a0053,00", "МОСКВА;ЗАКАЗ 5", "доставка;самовывоз;наличные"],
)
def test_capitals_and_few_words_tell_the_encoding_too(tmp_path, encoding, line):
    (tmp_path / "some.csv").write_bytes((f"{line}\n" * 50).encode(encoding))
    assert encoding_of(tmp_path / "some.csv").replace("_", "-") == encoding


def test_accents_among_plain_letters_are_western(tmp_path):
    lines = "".join(f"Müller {n},{n},2023-06-02,5,crème brûlée\n" for n in range(20))
    header = HEADER.replace("amount", "amount,product")
    write(tmp_path, orders=(header + lines).encode("cp1252"))
    rows = checked(params(tmp_path))["orders"].rows
    assert rows["customer_id"].iloc[3] == "Müller 3"
    assert rows["product"].iloc[0] == "crème brûlée"


def test_an_encoding_that_the_letters_do_not_tell_is_asked_for_and_the_answer_reads_it(tmp_path):
    lines = "".join(f"顧客番号{n},{n},2023-06-02,5\n" for n in range(20))
    write(tmp_path, orders=(HEADER + lines).encode("gb18030"))
    with pytest.raises(
        SourceError, match=r"source\.encoding: cp1252, or write the file anew: iconv"
    ):
        checked(params(tmp_path))
    rows = checked(params(tmp_path, encoding="gb18030"))["orders"].rows
    assert rows["customer_id"].iloc[0] == "顧客番号0"
    with pytest.raises(SourceError, match="is not ascii throughout"):
        checked(params(tmp_path, encoding="ascii"))
    with pytest.raises(ValidationError, match="is no encoding such as cp1251"):
        params(tmp_path, encoding="cp12511")


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("ends", [("\r\n", "\n"), ("\n", "\r\n"), ("\r", "\r"), ("\r\n", "\r")])
def test_line_ends_may_be_mixed(tmp_path, ends):
    lines = [HEADER.strip(), *(f"k{n % 9},{n},2023-06-02,5" for n in range(4000))]
    half = len(lines) // 2
    content = "".join(line + ends[place >= half] for place, line in enumerate(lines))
    write(tmp_path, orders=content.encode())
    table = checked(params(tmp_path))["orders"]
    assert table.counts["kept"] == 4000
    assert table.rows["amount"].sum() == 20_000
    assert table.rows["event_time"].eq(pd.Timestamp("2023-06-02")).all()
