"""Floors: the least that any Flask application would spend on the same server, database and durability."""

import datetime as dt
import json
from typing import Any

from flask import Flask, jsonify, render_template_string
from sqlalchemy import create_engine, event, text

from config import read_settings

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>20 questions</title></head><body>
<form method="post">
{% for item in items %}<fieldset>
<legend>{{ item.stem }}</legend>{% if item.vignette %}<p>{{ item.vignette }}</p>{% endif %}
{% for option in item.options or [{'text': 'True'}, {'text': 'False'}] %}<label><input type="radio"
name="q{{ loop.index }}" value="{{ loop.index }}">{{ option.text }}</label>
{% endfor %}</fieldset>{% endfor %}<button>Save</button></form></body></html>"""


def make_floor() -> Flask:
    """Three routes: nothing at all, a save's statements over SQLAlchemy Core, a plain page of 20 questions."""
    app = Flask("floor")
    url = read_settings()["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, pool_size=8)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    lock = "" if engine.dialect.name == "sqlite" else " FOR UPDATE"
    person = text(
        "SELECT p.id, p.name, p.zone, r.name FROM person p JOIN sign_in s ON s.person_id = p.id"
        " LEFT JOIN person_role pr ON pr.person_id = p.id LEFT JOIN role r ON r.id = pr.role_id"
        " WHERE s.token_hash = :token AND s.ended_at IS NULL"
    )
    attempt = text(f"SELECT id, person_id, n_slots, finished_at FROM attempt WHERE id = :id{lock}")  # noqa: S608
    latest = text(
        "SELECT seq, at, kind, position, data FROM attempt_step WHERE attempt_id = :id AND (seq = 1 OR seq IN"
        " (SELECT max(seq) FROM attempt_step WHERE attempt_id = :id GROUP BY position, kind)) ORDER BY seq"
    )
    add = text(
        "INSERT INTO attempt_step (attempt_id, seq, at, kind, position, data, tab, tab_seq)"
        " VALUES (:id, :seq, :at, 'save', 0, :data, '', 0)"
    )
    items = text("SELECT content FROM item_version ORDER BY id LIMIT 20")
    answer = json.dumps({"format": 1, "answer": {"response": [1], "confidence": None, "flagged": False, "struck": []}})

    @app.get("/healthz")
    @app.get("/bare")
    def bare() -> Any:
        return "ok"

    @app.post("/save/<int:attempt_id>")
    def save(attempt_id: int) -> Any:
        with engine.begin() as connection:
            connection.execute(person, {"token": "nobody"}).all()
            connection.execute(attempt, {"id": attempt_id}).first()
            seq = connection.execute(latest, {"id": attempt_id}).all()[-1][0] + 1
            at = dt.datetime.now(dt.UTC).replace(tzinfo=None) if not lock else dt.datetime.now(dt.UTC)
            connection.execute(add, {"id": attempt_id, "seq": seq, "at": str(at) if not lock else at, "data": answer})
        return jsonify(saved=seq)

    @app.get("/page")
    def page() -> Any:
        with engine.begin() as connection:
            rows = [row[0] for row in connection.execute(items)]
        shown = [json.loads(row) if isinstance(row, str) else row for row in rows]
        return render_template_string(PAGE, items=shown)

    return app


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


app = make_floor()
