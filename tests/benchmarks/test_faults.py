"""The benchmark of faults sees what it is there to see."""

import random

import pytest

from benchmarks.faults.__main__ import _wrong
from benchmarks.faults.damage import harm
from benchmarks.faults.killing import BEGUN, DONE, ended_with, killed, lived
from core.errors import StoreError


def writer(path, pieces):
    """Appends pieces to a file, and tells each one once it is written."""

    def work(say):
        with path.open("ab", buffering=0) as file:
            say(BEGUN)
            for piece in range(pieces):
                file.write(f"{piece}\n".encode())
                say(f"{piece}\n".encode())
            say(DONE)

    return work


def test_what_a_killed_process_told_before_it_ended_is_known(tmp_path):
    path = tmp_path / "written"
    one = killed(writer(path, 10**9), 0.02, random.Random(1))
    assert one.was_killed and one.inside
    told = one.told.decode().split("\n")[:-1]
    assert told == path.read_text().split("\n")[: len(told)]


def test_a_process_that_was_done_before_it_was_killed_was_not_inside(tmp_path):
    work = writer(tmp_path / "written", 3)
    assert lived(work) < 10
    one = killed(work, 5.0, random.Random(1))
    assert not one.inside and one.told == b"0\n1\n2\n"


def test_a_process_that_fails_by_itself_is_no_kill(tmp_path):
    def work(say):
        say(BEGUN)
        raise ValueError("no")

    with pytest.raises(RuntimeError, match="by itself"):
        killed(work, 5.0, random.Random(1))


def test_how_a_child_ends_is_known_also_where_it_crashes(capfd):
    def raising(error):
        def work():
            raise error

        return work

    assert ended_with(lambda: "what it read") == "what it read"
    assert ended_with(raising(StoreError("damaged"))) == "refused"
    assert ended_with(raising(ValueError("what is this"))) == "crashed"
    assert "ValueError: what is this" in capfd.readouterr().err


def test_what_is_harmed_is_shorter_or_differs_by_one_bit():
    draw, whole = random.Random(1), bytes(range(200))
    for _ in range(50):
        harmed, how = harm(whole, draw)
        if how == "cut":
            assert whole.startswith(harmed) and len(harmed) < len(whole)
        else:
            bits = sum((a ^ b).bit_count() for a, b in zip(whole, harmed, strict=True))
            assert bits == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"torn_or_mixed": 1}, "torn_or_mixed 1"),
        ({"lost": 2}, "lost 2"),
        ({"inside_a_write": 0.4}, "only 40% of the kills"),
        ({"what": "database restarted", "answers": {"200": 1, "500": 1}, "seconds_until_back": 1},
         "500"),
        ({"what": "database restarted", "answers": {"200": 1}, "seconds_until_back": 6}, "after 6"),
        ({"accepted": 1}, "accepted 1"),
        ({"reads_failed": 1}, "reads_failed 1"),
        ({"seconds_until_writes": 6}, "taken again after 6"),
        ({"dropped": 3}, "3 requests were dropped"),
    ],
)  # fmt: skip
def test_whatever_must_not_be_ends_the_run_with_a_sentence(row, said):
    whole = {"what": "publish", "store": "sqlite", **row}
    assert [said in text for text in _wrong(whole)] == [True]
    assert not list(_wrong({"what": "publish", "store": "sqlite", "lost": 0}))
