"""Databases for tests: a master that holds people and content is built once per run; each test gets a copy of it.

The processes of a run share one folder, named by an environment variable that the first process sets. PostgreSQL starts
there when the first test asks for it, as the user `postgres` where we are root, and only on loopback.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import psycopg

RUN = "FASCICLE_TEST_RUN"
POSTGRES_USER = "postgres"
_numbers = count(1)


def begin_run() -> Path:
    """The folder of this test run."""
    folder = Path(tempfile.mkdtemp(prefix="fascicle-tests-"))
    folder.chmod(0o711)  # the user postgres must get through to its own folder
    os.environ[RUN] = str(folder)
    return folder


def end_run(folder: Path) -> None:
    """Stop the server, if it was started, and take everything away."""
    pid_file = folder / "postgres" / "data" / "postmaster.pid"
    if pid_file.exists():
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)  # at once: nothing of it is kept
        deadline = time.monotonic() + 20
        while pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)
    os.environ.pop(RUN, None)


def run_folder() -> Path:
    """The folder that the first process of this run made."""
    return Path(os.environ[RUN])


@contextmanager
def _one_at_a_time(name: str) -> Iterator[Path]:
    """A folder of the run that one process at a time may fill."""
    folder = run_folder() / name
    with (run_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(exist_ok=True)
        yield folder


Fill = Callable[[str], None]
"""Fills the empty database behind a URL with tables, people and content."""


@cache
def sqlite_master(fill: Fill) -> Path:
    """The filled SQLite file that tests copy."""
    with _one_at_a_time("sqlite") as folder:
        path = folder / "master.sqlite3"
        if not path.exists():
            made = folder / "making.sqlite3"
            fill(f"sqlite:///{made}")
            made.rename(path)
    return path


@contextmanager
def sqlite_copy(fill: Fill, folder: Path) -> Iterator[str]:
    """The URL of a fresh copy of the master in `folder`."""
    path = folder / "test.sqlite3"
    shutil.copyfile(sqlite_master(fill), path)
    yield f"sqlite:///{path}"


def find_postgres() -> Path | None:
    """Where the newest PostgreSQL on this machine has its programs; None without one."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).parent)
    return max(found, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0, default=None)


@cache
def start_postgres(programs: Path) -> str:
    """Start the run's server, or find it running; its URL without a database name."""
    with _one_at_a_time("postgres") as folder:
        port_file = folder / "port"
        if not port_file.exists():
            port_file.write_text(str(_start(programs, folder)))
        return f"postgresql://{POSTGRES_USER}@127.0.0.1:{port_file.read_text()}"


def _start(programs: Path, folder: Path) -> int:
    user = POSTGRES_USER if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", data, *arguments],
            check=True, user=user, group=user, extra_groups=[] if user else None, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    run("initdb", "-U", POSTGRES_USER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-instructions")
    options = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder,
        "max_connections": 200, "fsync": "off", "full_page_writes": "off",
        "log_min_messages": "fatal",
    }  # fmt: skip
    with (data / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in options.items())
    run("pg_ctl", "start", "--wait", "--silent", "--log", str(folder / "log"))
    return port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def execute(server: str, statement: str) -> None:
    """Run one statement outside of any transaction in the server's own database."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


@contextmanager
def postgres_copy(fill: Fill, server: str) -> Iterator[str]:
    """The URL of a fresh copy of the master on `server`; dropped afterwards."""
    with _one_at_a_time("postgres") as folder:  # a template must have no other reader while it is copied
        if not (folder / "filled").exists():
            execute(server, "CREATE DATABASE master")
            fill(f"{server}/master")
            (folder / "filled").touch()
    with new_postgres(server, template="master") as url:
        yield url


@contextmanager
def new_postgres(server: str, template: str = "template0") -> Iterator[str]:
    """The URL of a new database on `server`; dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with _one_at_a_time("postgres"):
        execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield f"{server}/{name}"
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")
