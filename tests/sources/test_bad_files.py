"""Files that are not what they seem: each is refused in a sentence, with the way on."""

import gzip
import zipfile

import pytest

from core.errors import SourceError
from sources.formats import opening, unpacking
from sources.formats.looking import look
from sources.kinds.files import load
from tests.each import check_each
from tests.sources.folders import HEADER, checked, params
from tests.sources.workbooks import xlsx

GOOD = HEADER + "".join(f"c{n},{n},2017-05-01,5\n" for n in range(400))
# An Office file with a password: a container of the old kind, with this stream inside.
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")
FILES = {
    "orders.csv": (
        (b"%PDF-1.7 and so on", "is a PDF, whatever its name says, and no table: export the table"),
        (b"\x89PNG\r\n\x1a\n", "is a picture, whatever its name says"),
        (b"\xff\xd8\xff\xe0 JFIF", "is a picture"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "is a web page (HTML or XML)"),
        (b"\n <html><table>", "is a web page (HTML or XML)"),
        (b"SQLite format 3\x00", "is an SQLite database, whatever its name says"),
        (b"", "is empty (0 bytes)"),
        (b"\n\n\n", "is blank at its beginning"),
    ),
    "orders.xls": (
        (b"<html><table>", "open it in a spreadsheet and save it as CSV or .xlsx"),
        (LOCKED, "is locked with a password: open it in Excel, take the password off"),
    ),
    "orders.xlsx": (
        (b"a,b\n1,2\n", "could not be read: it is no .xlsx file inside"),
        (b"PK\x03\x04 cut off", "the zip is broken or was not copied whole. Copy it again."),
    ),
    "orders.csv.gz": (
        (gzip.compress(GOOD.encode())[:-20], "ends in the middle or is broken inside"),
        (b"a,b\n1,2\n", "it is no .gz file inside"),
    ),
    "orders.parquet": ((b"PAR1 cut off", "orders.parquet could not be read"),),
    "orders.json": (
        (b'{"a": 1', "could not be read as JSON"),
        (b"[1, 2, 3]", "no list of objects with named fields"),
    ),
}


def refusal(of_params):
    with pytest.raises(SourceError) as error:
        load(of_params)
    return str(error.value)


@pytest.mark.slow
def test_what_is_no_table_is_said_in_a_sentence(tmp_path):
    def refused(name, content, said):
        path = tmp_path / name
        path.write_bytes(content)
        text = refusal(params(tmp_path))
        (looked,) = look(tmp_path)
        path.unlink()
        assert said in text, text
        assert len(text) < len(str(tmp_path)) + 300, text
        assert looked.refusal

    check_each([(name, *case) for name, cases in FILES.items() for case in cases], refused)


def test_a_workbook_without_cells_is_refused(tmp_path):
    for sheets in ({"Pictures": []}, {"A": [], "B": []}):
        xlsx(tmp_path / "orders.xlsx", **sheets)
        assert "holds no cells, only pictures, charts or empty" in refusal(params(tmp_path))


def test_macros_are_not_run_and_their_workbook_is_read(tmp_path):
    rows = [line.split(",") for line in GOOD.splitlines()]
    xlsx(tmp_path / "orders.xlsm", Sheet1=rows)
    with zipfile.ZipFile(tmp_path / "orders.xlsm", "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    assert len(load(params(tmp_path))["orders"]) == 400


def test_a_workbook_called_csv_is_read_as_what_it_is(tmp_path):
    xlsx(tmp_path / "orders.csv", Sheet1=[line.split(",") for line in GOOD.splitlines()])
    assert len(load(params(tmp_path))["orders"]) == 400


def test_two_columns_of_one_name_in_a_sheet_are_refused(tmp_path):
    xlsx(tmp_path / "orders.xlsx", Sheet1=[["id", "sum", "sum"], ["a", 1, 2]])
    assert "has 2 columns called sum" in refusal(params(tmp_path))


def test_what_unpacks_to_far_too_much_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "FREE_OF_RATIO", 100_000)
    bomb = HEADER.encode() + b"0" * 2_000_000
    for name in ("orders.csv.gz", "orders.zip", "orders.xlsx"):
        path = tmp_path / name
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(bomb))
        else:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("xl/a" if name.endswith("xlsx") else "orders.csv", bomb)
        assert "which no table of text does" in refusal(params(tmp_path)), name
        path.unlink()


def test_a_zip_that_claims_little_and_holds_much_is_refused_while_it_is_unpacked(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(unpacking, "MAX_BYTES", 1_000)
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress(GOOD.encode()))
    assert "unpacks to more than" in refusal(params(tmp_path))


def test_a_locked_member_of_a_zip_is_refused(tmp_path):
    path = tmp_path / "orders.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("orders.csv", GOOD)
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag of encryption, in the member's header and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "is locked with a password: unpack it yourself" in refusal(params(tmp_path))


def test_a_zip_without_tables_says_what_it_looks_for(tmp_path):
    with zipfile.ZipFile(tmp_path / "orders.zip", "w") as archive:
        archive.writestr("readme.md", "nothing here")
    assert "holds no table: it has none of .csv" in refusal(params(tmp_path))


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "orders.csv"
    path.write_text(GOOD)
    read = opening.opened_csv

    def grown(*args):
        found = read(*args)
        path.write_text(GOOD + "c,999,2017-05-01,5\n")
        return found

    monkeypatch.setattr(opening, "opened_csv", grown)
    assert "changed while it was read: run again once it is written whole" in refusal(
        params(tmp_path)
    )


def test_two_files_that_look_like_orders_are_both_named(tmp_path):
    for name in ("sales_2023.csv", "sales_2024.csv"):
        (tmp_path / name).write_text(GOOD + f"x,{name},2017-05-01,5\n")
    text = refusal(params(tmp_path))
    assert "files: {orders: sales_2023.csv}." in text
    assert 'files: {orders: ["sales_2023.csv", "sales_2024.csv"]}.' in text
    both = params(tmp_path, files={"orders": ["sales_2023.csv", "sales_2024.csv"]})
    assert len(load(both)["orders"]) == 802


def test_what_is_left_out_around_a_table_is_told(tmp_path):
    rows = GOOD.replace(",", ";").replace("c7;7;2017-05-01", "c7;7;2017-05-32")
    text = "Report;;;\n\n" + rows + ";;;\nTotal;;;2000\n"
    (tmp_path / "orders.csv").write_text(text)
    orders = checked(params(tmp_path))["orders"]
    assert (orders.counts["kept"], orders.counts["guests"]) == (399, 0)
    assert orders.findings == ('1 rows: event_time is not a date (first: row 11, "2017-05-32").',)
    (note,) = (note for note in orders.notes if note.check == "not_rows")
    assert note.meaning.endswith(
        "left out: 2 above the header, 1 of totals below the table, 1 that are blank"
    )


def test_titles_alone_and_blank_rows_between_are_no_guests(tmp_path):
    middle = "\n".join([*GOOD.splitlines()[:5], ",,,", *GOOD.splitlines()[5:]]) + "\n"
    (tmp_path / "orders.csv").write_text(middle)
    orders = checked(params(tmp_path))["orders"]
    assert (orders.counts["rows_in"], orders.counts["guests"]) == (400, 0)
    assert [n.rows for n in orders.notes if n.check == "not_rows"] == [1]
