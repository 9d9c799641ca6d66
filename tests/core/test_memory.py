"""What memory is free is what the machine has, or what its container leaves."""

import pytest

from core import memory
from core.memory import GB, free_memory


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with six gigabytes free, and no control group."""
    told = "MemTotal: 8388608 kB\nMemFree: 1048576 kB\nMemAvailable: 6291456 kB\n"
    (tmp_path / "meminfo").write_text(told)
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    return tmp_path


def group(folder, names, *contents):
    for name, content in zip(names, contents, strict=False):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(str(content))


def test_what_programs_can_have_counts_and_not_what_lies_idle(machine):
    assert free_memory() == 6 * GB


@pytest.mark.parametrize("names", [memory.V2, memory.V1])
def test_a_container_with_less_counts_and_pages_of_files_are_given_back(machine, names):
    stat = f"anon 5\n{names[3]} {GB}\nactive_file 7\n"
    group(machine, names, 4 * GB, 3 * GB, stat)
    assert free_memory() == 2 * GB
    group(machine, names, 40 * GB)
    assert free_memory() == 6 * GB


def test_a_container_without_a_limit_has_what_the_machine_has(machine):
    group(machine, memory.V2, "max\n", 3 * GB, "inactive_file 0\n")
    assert free_memory() == 6 * GB


def test_where_the_system_does_not_tell_nothing_is_known(machine):
    (machine / "meminfo").unlink()
    assert free_memory() is None
