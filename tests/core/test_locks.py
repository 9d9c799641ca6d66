"""One process at a time does what two would spoil."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem, StoreError
from core.files import only_one

BUSY = StoreError("Another run is publishing into this store: wait until it is done.")
# Takes the lock and keeps it, saying so, until it is killed or told to end.
HOLDER = """
import sys
from pathlib import Path
from core.errors import StoreError
from core.files import only_one
with only_one(Path(sys.argv[1]), StoreError("busy")):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_with(lock):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, lock],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def taken(lock):
    with only_one(lock, BUSY):
        return True


def test_a_lock_that_another_process_holds_is_refused_at_once_in_words_of_the_caller(tmp_path):
    lock = tmp_path / "lock"
    with another_process_with(lock), pytest.raises(StoreError) as error, only_one(lock, BUSY):
        pass
    assert error.value is BUSY
    assert error.value.__suppress_context__


def test_a_holder_that_was_killed_holds_nothing(tmp_path):
    lock = tmp_path / "lock"
    with another_process_with(lock) as holder:
        holder.kill()
        holder.wait()
        assert lock.exists()
        assert taken(lock)


def test_a_lock_is_given_back_after_an_error_which_is_passed_on(tmp_path):
    lock = tmp_path / "lock"
    with pytest.raises(EnvironmentProblem, match="full disk"), only_one(lock, BUSY):
        raise EnvironmentProblem("full disk")
    assert taken(lock)


def test_where_no_lock_file_can_be_made_the_system_says_why(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"), only_one(tmp_path / "file" / "lock", BUSY):
        pass
