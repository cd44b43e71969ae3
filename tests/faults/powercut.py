"""A power cut, worked out from a record of every write and fsync that the server made to its database.

strace writes down each pwrite64, ftruncate, fsync and fdatasync on the database file and its -wal with its bytes, its
start and its duration. From that record the files are rebuilt as a disk could hold them after a cut at any moment: all
that was written before a completed fsync began is there; of what came after, nothing, everything, or any part of it,
torn at sectors of 512 bytes.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
VARIANTS = ("nothing", "a part", "everything")
"""What of the writes after the last fsync got to the disk."""

_BEGIN = re.compile(r"^(\d+)\s+(\d+\.\d+) (\w+\(.*)$")
_RESUMED = re.compile(r"^(\d+)\s+\d+\.\d+ <\.\.\. \w+ resumed>(.*)$")
_CALL = re.compile(
    r'^(?P<name>\w+)\(\d+<(?P<path>(?:\\x[0-9a-f]{2})+)>(?:, "(?P<data>(?:\\x[0-9a-f]{2})*)"\.{0,3}, (?P<n>\d+))?'
    r"(?:, (?P<at>\d+))?\s*\)\s+= (?P<result>-?\d+).*<(?P<lasted>[\d.]+)>$"
)
_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that was done. Times are seconds since the epoch."""

    name: str
    path: str
    at: int
    data: bytes
    began: float
    ended: float


def tracer(paths: Sequence[Path], record: Path) -> list[str]:
    """The command that a server is started under."""
    watched = [part for path in paths for part in ("-P", str(path))]
    return [
        "strace", "--follow-forks", "--seccomp-bpf", "-qqq", "-ttt", "-T", "-y", "-xx", "-s", "1000000", *watched,
        "-e", "trace=pwrite64,write,ftruncate,fsync,fdatasync", "-e", "signal=none", "-o", str(record),
    ]  # fmt: skip


def read_record(record: Path) -> Iterator[Call]:
    """The calls in the order in which they began. A `write` without a place would mean that we misread SQLite."""
    begun: dict[str, tuple[float, str]] = {}
    with record.open() as lines:
        for raw in lines:
            line = raw.rstrip("\n")
            if resumed := _RESUMED.match(line):
                if resumed[1] not in begun:
                    continue
                began, text = begun.pop(resumed[1])
                text += resumed[2]
                pid = resumed[1]
            elif begin := _BEGIN.match(line):
                pid, began, text = begin[1], float(begin[2]), begin[3]
                if text.endswith(_UNFINISHED):
                    begun[pid] = (began, text.removesuffix(_UNFINISHED))
                    continue
            else:
                continue
            call = _CALL.match(text)
            if call is None or int(call["result"]) < 0:
                continue
            if call["name"] == "write":
                raise ValueError(f"a write without a place: {text[:200]}")
            data = _bytes(call["data"] or "")
            if call["name"] == "pwrite64" and len(data) != int(call["result"]):
                raise ValueError(f"a write of {len(data)} bytes that wrote {call['result']}")
            path = _bytes(call["path"]).decode()
            yield Call(call["name"], path, int(call["at"] or 0), data, began, began + float(call["lasted"]))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def rebuild(
    calls: Sequence[Call], base: dict[str, bytes], cut: float, variant: str, rng: random.Random
) -> dict[str, bytes]:
    """The files by path after a power cut at `cut`; `base` is how they were, durably, before the first call."""
    files = {path: bytearray(data) for path, data in base.items()}
    pending: dict[str, list[Call]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.ended if "sync" in call.name else call.began):
        if call.began > cut:
            continue
        if "sync" not in call.name:
            pending[call.path].append(call)
        elif call.ended <= cut:
            for done in [p for p in pending[call.path] if p.ended <= call.began]:
                _apply(files.setdefault(call.path, bytearray()), done)
                pending[call.path].remove(done)
    for path, calls_left in pending.items():
        for call in calls_left:
            if variant == "everything":
                _apply(files.setdefault(path, bytearray()), call)
            elif variant == "a part":
                _tear(files.setdefault(path, bytearray()), call, rng)
    return {path: bytes(data) for path, data in files.items()}


def _apply(file: bytearray, call: Call) -> None:
    if call.name == "ftruncate":
        del file[call.at :]
        file.extend(bytes(call.at - len(file)))
    else:
        _put(file, call.at, call.data)


def _tear(file: bytearray, call: Call, rng: random.Random) -> None:
    """Each sector of a write gets to the disk or not, on its own."""
    if call.name == "ftruncate":
        if rng.random() < 0.5:
            _apply(file, call)
        return
    at, end = call.at, call.at + len(call.data)
    while at < end:
        to = min(end, (at // SECTOR + 1) * SECTOR)
        if rng.random() < 0.5:
            _put(file, at, call.data[at - call.at : to - call.at])
        at = to


def _put(file: bytearray, at: int, data: bytes) -> None:
    if len(file) < at + len(data):
        file.extend(bytes(at + len(data) - len(file)))
    file[at : at + len(data)] = data
