"""How much memory this process may still take."""

from contextlib import suppress
from pathlib import Path

GB = 1024**3
MEMINFO = Path("/proc/meminfo")
GROUPS = Path("/sys/fs/cgroup")
# What a container may take and what it takes: control groups of version 2, and of version 1.
V2 = ("memory.max", "memory.current", "memory.stat", "inactive_file")
V1 = (
    "memory/memory.limit_in_bytes",
    "memory/memory.usage_in_bytes",
    "memory/memory.stat",
    "total_inactive_file",
)


def free_memory() -> int | None:
    """Bytes that the machine has free for programs, or that its container leaves if fewer.

    None where the system does not tell, as on macOS.
    """
    found = [_of_machine(), _of_group(*V2), _of_group(*V1)]
    known = [one for one in found if one is not None]
    return min(known) if known else None


def _of_machine() -> int | None:
    with suppress(OSError):
        for line in MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _of_group(most: str, taken: str, stat: str, cached: str) -> int | None:
    """What a control group leaves; None where there is none, or it has no limit.

    Pages of files that were read a while ago are given back as soon as somebody needs memory.
    """
    with suppress(OSError, ValueError):  # "max" is no number
        limit, used = (int((GROUPS / name).read_text(encoding="ascii")) for name in (most, taken))
        lines = (GROUPS / stat).read_text(encoding="ascii").splitlines()
        given_back = sum(int(line.split()[1]) for line in lines if line.split()[0] == cached)
        return max(limit - used + given_back, 0)
    return None
