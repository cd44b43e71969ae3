"""`make run`: prepare the database, publish the course, start the job runner, serve, and say where."""

import argparse
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces

from config import ROOT
from quizapp.app import MIGRATIONS, create_app, init_migrations, utc_now
from quizapp.domain.errors import Refused
from quizapp.services import accounts, publishing
from quizapp.services.health import check_readiness, newest_migration


def prepare(host: str) -> tuple[bool, int, str]:
    """Bring the database and the content up to date. Returns (demo people exist, threads, mail folder or empty)."""
    app = create_app()
    with app.app_context():
        if not check_readiness(newest_migration(MIGRATIONS)).is_ready:
            init_migrations(app).upgrade()
        report = publishing.publish_course(Path(app.config["QUESTIONS_PATH"]), utc_now())
        for problem in report.problems:
            print(problem, file=sys.stderr)
        if not app.config["PUBLIC_URL"] and host in {"127.0.0.1", "localhost", "::1"}:
            with suppress(Refused):  # real people are here already
                accounts.add_demo_people(zone=app.config["PROVIDER_ZONE"], now=utc_now())
        has_demo = bool(accounts.list_demo_people())
        return has_demo, app.config["THREADS"], "" if app.config["MAIL_SERVER"] else app.config["MAIL_FOLDER"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="quizapp", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000)
    options = parser.parse_args()
    has_demo, threads, mail_folder = prepare(options.host)
    shown = f"[{options.host}]" if ":" in options.host else options.host
    print(f"\n  Fascicle is at http://{shown}:{options.port}/", flush=True)
    if has_demo:
        print("  To look around: Sign in, then “Sign in as the demo learner”. Or create an account.")
    if mail_folder:
        print(f"  No mail server is set up: letters are kept as files in {mail_folder}")
    print("  Stop with Ctrl+C.\n", flush=True)
    runner = subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "run"], cwd=ROOT)
    try:
        Granian(
            "wsgi:app",
            address=options.host,
            port=options.port,
            interface=Interfaces.WSGI,
            blocking_threads=threads,
            working_dir=ROOT,
            log_access=False,
        ).serve()
    finally:
        runner.terminate()
        runner.wait(timeout=10)


if __name__ == "__main__":
    main()
