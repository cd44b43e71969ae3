"""A PostgreSQL server of a scenario's own, which may be killed without disturbing anybody else's tests."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from tests import databases


class Postgres:
    """Started in `folder`, with fsync on as in earnest; stopped at the end of the block."""

    def __init__(self, folder: Path) -> None:
        programs = databases.find_postgres()
        if programs is None:
            raise FileNotFoundError("PostgreSQL is not on this machine")
        self.programs = programs
        self.folder = folder
        folder.mkdir()
        self.server = f"postgresql://postgres@127.0.0.1:{databases._start(programs, folder)}"
        self.url = f"{self.server}/faults"

    def __enter__(self) -> "Postgres":
        for setting in ("fsync", "full_page_writes"):
            databases.execute(self.server, f"ALTER SYSTEM SET {setting} = on")
        databases.execute(self.server, "SELECT pg_reload_conf()")
        databases.execute(self.server, "CREATE DATABASE faults")
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(self._pid(), signal.SIGQUIT)
        self._wait_until_gone(self._members())

    def _pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def _members(self) -> list[int]:
        """The processes of this server: the postmaster and all that it started."""
        try:
            postmaster = self._pid()
        except FileNotFoundError:
            return []
        found = [postmaster]
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                parent = int(path.read_text().rpartition(")")[2].split()[1])
                found += [int(path.parent.name)] if parent == postmaster else []
        return found

    def _wait_until_gone(self, pids: list[int]) -> None:
        deadline = time.monotonic() + 20
        while any(_is_alive(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.02)

    def kill_backend(self, pick: float) -> None:
        """SIGKILL to one of the processes that serve the web server; `pick` 0 to 1 says which."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = 'faults' ORDER BY pid"
        with suppress(psycopg.Error, ProcessLookupError), psycopg.connect(f"{self.server}/postgres") as connection:
            pids = [row[0] for row in connection.execute(query).fetchall()]
            if pids:
                os.kill(pids[int(pick * len(pids))], signal.SIGKILL)

    def wait_until_ready(self) -> None:
        """After a kill it recovers for a moment, and lets nobody in."""
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(f"{self.server}/postgres").close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def kill_postmaster(self) -> None:
        """SIGKILL to the postmaster and to all that it started; then start it again, which recovers from its log."""
        os.kill(self._pid(), signal.SIGSTOP)  # so that it starts nothing that we do not see
        members = self._members()
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._wait_until_gone(members)
        # In a container whose first process buries nobody, the dead postmaster keeps its number and seems to be alive.
        for lock in (self.folder / "data" / "postmaster.pid", *self.folder.glob(".s.PGSQL.*")):
            lock.unlink(missing_ok=True)
        user = databases.POSTGRES_USER if os.getuid() == 0 else None
        command: list[str | Path] = [
            self.programs / "pg_ctl", "-D", self.folder / "data", "start", "--wait", "--silent",
            "--log", self.folder / "log",
        ]  # fmt: skip
        subprocess.run(
            command, check=True, user=user, group=user, extra_groups=[] if user else None, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
