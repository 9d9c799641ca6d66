"""What a stage meets of the machine's limits is one sentence, whichever library met it."""

import errno

import duckdb
import pyarrow as pa
import pytest

from pipelines import stage


def end_of(capsys, error):
    def main():
        raise error

    with pytest.raises(SystemExit) as ended:
        stage.run(main)
    assert ended.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "too little memory"),
        (pa.ArrowMemoryError("malloc of size 9 failed"), "too little memory"),
        (duckdb.OutOfMemoryException("could not allocate block"), "too little memory"),
        (duckdb.IOException("Could not write: No space left on device"), "disk is full"),
        (duckdb.IOException('Cannot open ".tmp": Permission denied'), "may not be written"),
        (OSError(errno.ENOSPC, "No space left", "data/x"), "disk is full (writing data/x)"),
        (OSError(errno.EROFS, "Read-only", "data/x"), "data/x may not be written"),
    ],
)
def test_a_limit_of_the_machine_is_a_sentence(capsys, error, words):
    said = end_of(capsys, error)
    assert said.startswith("\nEnvironmentProblem: ") and words in said
    assert "The last release is whole and stays in force." in said


@pytest.mark.parametrize("error", [ValueError("x"), duckdb.IOException("No files found")])
def test_a_fault_of_ours_is_not_put_down_to_the_machine(error):
    def main():
        raise error

    with pytest.raises(type(error)):
        stage.run(main)
