"""CPU and memory of processes as Linux accounts for them: nanoseconds of run time, peak resident bytes."""

from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def tree(root: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, open_ = [], [root]
    while open_:
        pid = open_.pop()
        found.append(pid)
        open_ += children.get(pid, [])
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Run time of all threads of these processes; a thread that ended is no longer counted, so keep them alive."""
    total = 0
    for pid in pids:
        for task in (PROC / str(pid) / "task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except OSError:
                continue
    return total / 1e9


def peak_megabytes(pids: Iterable[int]) -> list[float]:
    """Peak resident memory of each process."""
    peaks = []
    for pid in pids:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
        peaks += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return peaks
