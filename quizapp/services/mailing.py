"""Mail: written into the job table by whoever causes it, sent by the runner. No request waits for a mail server."""

import datetime as dt
import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from quizapp.domain.errors import Invalid
from quizapp.services.jobs import Handler
from quizapp.store.db import unit_of_work
from quizapp.store.jobs import add_job

KIND = "mail"
_ADDRESS = re.compile(r"[^\s@,:;<>()\"\\\[\]]+@[^\s@,:;<>()\"\\\[\]]+")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mail goes: to `server`, or as .eml files into `folder` while none is named."""

    folder: Path
    sender: str
    server: str = ""
    port: int = 587
    username: str = ""
    password: str = ""


def post_mail(connection: Connection, *, to: str, subject: str, body: str, key: str, now: dt.datetime) -> None:
    """Put a letter into the caller's transaction. The same `key` twice is one letter.

    `to` is one bare address (Invalid otherwise), so nothing can add a second recipient or a header through it.
    """
    add_job(connection, KIND, key, _write_letter(to, subject, body, key, now), now)


def post_mail_now(*, to: str, subject: str, body: str, key: str, now: dt.datetime) -> None:
    """Put a letter into a transaction of its own."""
    with unit_of_work() as connection:
        post_mail(connection, to=to, subject=subject, body=body, key=key, now=now)


def send_test(settings: MailSettings, to: str, now: dt.datetime) -> None:
    """Send a letter at once, for whoever sets mail up. Raises what the mail server or the disk says."""
    body = "This letter was sent by “flask mail test”. If you can read it, mail works.\n"
    mail_handler(settings)(_write_letter(to, "Fascicle: mail works", body, f"test:{now.isoformat()}", now), now)


def _write_letter(to: str, subject: str, body: str, key: str, now: dt.datetime) -> dict[str, str]:
    if not _ADDRESS.fullmatch(to):
        raise Invalid(f"{to!r} is not an e-mail address.")
    return {"to": to, "subject": _one_line(subject), "body": body, "key": key, "posted_at": now.isoformat()}


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def mail_handler(settings: MailSettings) -> Handler:
    """The job handler that sends letters by `settings`.

    The same job again makes the same letter: date and Message-ID come from when and as what it was posted.
    """

    def send(payload: Mapping[str, Any], _now: dt.datetime) -> None:
        posted_at = dt.datetime.fromisoformat(payload["posted_at"])
        name = sha256(payload["key"].encode()).hexdigest()[:32]
        message = EmailMessage()
        message["From"] = settings.sender
        message["To"] = payload["to"]
        message["Subject"] = payload["subject"]
        message["Date"] = format_datetime(posted_at)
        message["Message-ID"] = f"<{name}@{parseaddr(settings.sender)[1].rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(payload["body"])
        if settings.server:
            _send(message, settings)
        else:
            _file(message, settings.folder / f"{posted_at:%Y%m%dT%H%M%S}-{name[:12]}.eml")

    return send


def _send(message: EmailMessage, settings: MailSettings) -> None:
    with smtplib.SMTP(settings.server, settings.port, timeout=30) as smtp:
        if settings.username:  # a password goes only over a connection whose certificate was checked
            smtp.starttls(context=ssl.create_default_context())
            smtp.login(settings.username, settings.password)
        smtp.send_message(message)


def _file(message: EmailMessage, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(".part")
    unfinished.touch(mode=0o600)  # letters hold secret links
    unfinished.write_bytes(bytes(message))
    unfinished.replace(path)
