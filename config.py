"""Settings. This is the only file that reads the environment; each variable is listed in docs/running.md."""

import os
import secrets
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent


def read_settings(environ: dict[str, str] | None = None) -> dict[str, Any]:
    """Everything the application needs to know, from the environment or sensible defaults for one machine.

    Without SECRET_KEY a development key is made once and kept in the instance folder; production (PUBLIC_URL set)
    refuses to start with it.
    """
    env = dict(os.environ) if environ is None else environ
    instance = Path(env.get("INSTANCE_PATH", ROOT / "instance")).resolve()
    public_url = env.get("PUBLIC_URL", "").rstrip("/")
    return {
        "INSTANCE_PATH": str(instance),
        "QUESTIONS_PATH": env.get("QUESTIONS_PATH", str(ROOT / "questions")),
        "DATABASE_URL": env.get("DATABASE_URL", f"sqlite:///{instance / 'fascicle.sqlite3'}"),
        "SECRET_KEY": env.get("SECRET_KEY", ""),
        "PUBLIC_URL": public_url,
        "THREADS": int(env.get("THREADS", "4")),
        "TRUSTED_PROXIES": int(env.get("TRUSTED_PROXIES", "0")),
        "MAIL_FOLDER": env.get("MAIL_FOLDER", str(instance / "mail")),
        "MAIL_SERVER": env.get("MAIL_SERVER", ""),
        "MAIL_PORT": int(env.get("MAIL_PORT", "587")),
        "MAIL_USERNAME": env.get("MAIL_USERNAME", ""),
        "MAIL_PASSWORD": env.get("MAIL_PASSWORD", ""),
        "MAIL_FROM": env.get("MAIL_FROM", "Fascicle <no-reply@fascicle.example>"),
        "CONTACT_EMAIL": env.get("CONTACT_EMAIL", "help@fascicle.example"),
        "PROVIDER_ZONE": env.get("PROVIDER_ZONE", "Australia/Melbourne"),
        "GRACE_SECONDS": int(env.get("GRACE_SECONDS", "10")),
        "LOG_LEVEL": env.get("LOG_LEVEL", "INFO"),
    }


def development_secret(instance: Path) -> str:
    """A key for one machine, made once, readable by its owner only."""
    path = instance / "secret_key"
    if not path.exists():
        instance.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text()
