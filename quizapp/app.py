"""The factory: the only place that knows everyone."""

import datetime as dt
import gc
from importlib import import_module
from pathlib import Path
from typing import Any

import flask_bootstrap
from click import get_current_context
from flask import Flask
from flask_wtf import CSRFProtect
from sqlalchemy.pool import StaticPool
from werkzeug.middleware.proxy_fix import ProxyFix

from config import ROOT, development_secret, read_settings
from quizapp.commands import attempts, banks, demo, jobs, mail, modules, people, site_map
from quizapp.store.datastore import Datastore
from quizapp.store.db import db, init_database
from quizapp.web import (
    accounts,
    admin,
    author,
    clock,
    corrections,
    glossary,
    learn,
    notes,
    offline,
    problems,
    quiz,
    references,
    registrar,
    search,
    site,
)
from quizapp.web.assets import init_assets
from quizapp.web.cookies import PatientSessions
from quizapp.web.display import PlainEnvironment, init_display
from quizapp.web.errors import init_errors
from quizapp.web.middleware import RowNumber, WholeRequests, init_logging, init_middleware

MIGRATIONS = ROOT / "migrations"
BOOTSTRAP = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5" / "css" / "bootstrap.min.css"
MAX_FORM_BYTES = 1_000_000


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def create_app(settings: dict[str, Any] | None = None) -> Flask:
    """Build the application. `settings` override what the environment says (tests pass theirs)."""
    values = {**read_settings(), **(settings or {})}
    app = Flask(
        "quizapp",
        instance_path=values["INSTANCE_PATH"],
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "quizapp" / "static"),
    )
    app.config.update(values)
    _set_framework_options(app)
    app.url_map.converters["int"] = RowNumber
    app.session_interface = PatientSessions()
    app.jinja_environment = PlainEnvironment
    init_logging(app.config["LOG_LEVEL"])
    init_database(app)
    if get_current_context(silent=True) is not None:  # a command: it may be `flask db`
        init_migrations(app)
    CSRFProtect(app)
    init_middleware(app)
    init_errors(app)
    init_assets(app, {"bootstrap/bootstrap.min.css": BOOTSTRAP})
    init_display(app)
    accounts.init_accounts(app, Datastore())
    learning = (learn.bp, notes.bp, quiz.bp, search.bp, glossary.bp, references.bp, problems.bp)
    for blueprint in (site.bp, *learning, clock.bp, registrar.bp, author.bp, corrections.bp, admin.bp, offline.bp):
        app.register_blueprint(blueprint)
    groups = (modules.group, banks.group, attempts.group, jobs.group, mail.group, people.group, demo.group)
    for group in (*groups, site_map.command):
        app.cli.add_command(group)
    app.wsgi_app = WholeRequests(app.wsgi_app)  # type: ignore[method-assign]
    if app.config["TRUSTED_PROXIES"]:  # without it anybody could claim any address
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=app.config["TRUSTED_PROXIES"], x_proto=0)  # type: ignore[method-assign]
    return app


def settle_memory() -> None:
    """For a process that serves from now on: what is loaded stays for good, and the collector need not walk through it.

    A request makes some ten thousand objects, nearly all freed by counting; it is not worth a round each 700.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def init_migrations(app: Flask) -> Any:
    """Set Flask-Migrate up and return it: `init_migrations(app).upgrade()`.

    Imported here, since a web worker never migrates and does without the 11 MB and 0.2 s of Alembic: decision 13.
    """
    migrate = import_module("flask_migrate")
    migrate.Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    return migrate


def _set_framework_options(app: Flask) -> None:
    config = app.config
    config.setdefault("CLOCK", utc_now)
    if not config["SECRET_KEY"]:
        if config["PUBLIC_URL"]:
            raise SystemExit(
                "PUBLIC_URL is set, so this is production: set SECRET_KEY too (any long random text, kept secret)."
            )
        config["SECRET_KEY"] = development_secret(Path(config["INSTANCE_PATH"]))
    Path(config["INSTANCE_PATH"]).mkdir(parents=True, exist_ok=True)
    url = (
        config["DATABASE_URL"]
        .replace("postgres://", "postgresql://", 1)
        .replace("postgresql://", "postgresql+psycopg://", 1)
    )
    config["SQLALCHEMY_DATABASE_URI"] = url
    config["SQLALCHEMY_ENGINE_OPTIONS"] = (
        {"poolclass": StaticPool}
        if url == "sqlite://"
        else {"pool_size": config["THREADS"] * 2, "max_overflow": 4, "pool_timeout": 10}
    )
    config["SQLALCHEMY_ENGINE_OPTIONS"]["hide_parameters"] = True  # a logged fault must not quote a note
    config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    config["WTF_CSRF_TIME_LIMIT"] = None  # a quiz may stay open for longer than any limit
    config["SESSION_COOKIE_NAME"] = "fascicle"
    config["SESSION_COOKIE_HTTPONLY"] = True
    config["SESSION_COOKIE_SAMESITE"] = "Lax"
    config["SESSION_COOKIE_SECURE"] = config["PUBLIC_URL"].startswith("https://")
    config["PERMANENT_SESSION_LIFETIME"] = dt.timedelta(days=30)
