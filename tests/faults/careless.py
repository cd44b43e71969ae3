"""The application with a database that does not wait for the disk: a power cut must show that it loses answers."""

from typing import Any

from sqlalchemy import event

from quizapp.app import create_app
from quizapp.store.db import db


def _do_not_wait(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


app = create_app()
with app.app_context():
    event.listen(db.engine, "connect", _do_not_wait)  # after ours, so it is what counts
