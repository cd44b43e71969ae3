"""Letters: posted in a transaction, sent later, never twice, and never to anybody they were not meant for."""

import smtplib
import stat
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask

from quizapp.domain.errors import Invalid
from quizapp.services import jobs, mailing
from quizapp.store.db import unit_of_work
from tests.people import Clock

LETTER = {"to": "alice@test.example", "subject": "Grüße", "body": "Hallo Alice,\n\nschön.\n", "key": "1"}


def send(app: Flask, settings: mailing.MailSettings) -> None:
    with app.app_context():
        jobs.run_due_jobs({mailing.KIND: mailing.mail_handler(settings)}, app.config["CLOCK"]())


def read(folder: Path) -> list[Any]:
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.iterdir())]


@pytest.fixture
def settings(tmp_path: Path) -> mailing.MailSettings:
    return mailing.MailSettings(tmp_path / "letters", "Fascicle <no-reply@fascicle.example>")


def test_without_a_mail_server_a_letter_becomes_a_file_that_only_its_owner_reads(
    app: Flask, clock: Clock, settings: mailing.MailSettings
) -> None:
    with app.app_context():
        mailing.post_mail_now(**LETTER, now=clock())
    send(app, settings)
    (letter,) = read(settings.folder)
    assert (letter["To"], letter["Subject"]) == ("alice@test.example", "Grüße")
    assert letter.get_content() == LETTER["body"]
    (path,) = settings.folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_letter_twice_is_one_letter(app: Flask, clock: Clock, settings: mailing.MailSettings) -> None:
    payload = {**LETTER, "posted_at": clock().isoformat()}
    with app.app_context():
        for _ in range(2):
            mailing.post_mail_now(**LETTER, now=clock())
    send(app, settings)
    mailing.mail_handler(settings)(payload, clock.advance(hours=1))  # a job may be done twice
    assert len(read(settings.folder)) == 1


def test_a_letter_goes_with_the_transaction_that_causes_it(app: Flask, clock: Clock) -> None:
    def post_and_fail() -> None:
        with unit_of_work() as connection:
            mailing.post_mail(connection, **LETTER, now=clock())
            raise RuntimeError("no")

    with app.app_context():
        with pytest.raises(RuntimeError):
            post_and_fail()
        assert jobs.get_desk()[0] == {"waiting": 0, "failed": 0, "done": 0}


def test_a_subject_with_line_breaks_adds_no_header(app: Flask, clock: Clock, settings: mailing.MailSettings) -> None:
    evil = {
        **LETTER,
        "subject": "Hello\r\nBcc: mallory@test.example\n\nBuy this",
        "body": "\nBcc: mallory@test.example\n",
    }
    with app.app_context():
        mailing.post_mail_now(**evil, now=clock())
    send(app, settings)
    (letter,) = read(settings.folder)
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Hello Bcc: mallory@test.example Buy this"


@pytest.mark.parametrize(
    "to",
    [
        "",
        "alice",
        "a@test.example, mallory@test.example",
        "a@test.example\nBcc: mallory@test.example",
        "A <a@test.example>",
    ],
)
def test_a_letter_goes_to_one_bare_address(app: Flask, clock: Clock, to: str) -> None:
    with app.app_context(), pytest.raises(Invalid):
        mailing.post_mail_now(**{**LETTER, "to": to}, now=clock())


class FakeServer:
    """Stands in for smtplib.SMTP: mail is one of the three things that tests may fake."""

    log: ClassVar[list[Any]] = []

    def __init__(self, host: str, port: int, timeout: int) -> None:
        self.log.append((host, port, timeout))

    def __enter__(self) -> "FakeServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.log.append("quit")

    def starttls(self, context: Any) -> None:
        assert context.check_hostname
        self.log.append("tls")

    def login(self, user: str, password: str) -> None:
        self.log.append((user, password))

    def send_message(self, message: Any) -> None:
        self.log.append(message["To"])


def test_with_a_mail_server_the_password_goes_over_a_checked_connection_only(
    app: Flask, clock: Clock, settings: mailing.MailSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtplib, "SMTP", FakeServer)
    monkeypatch.setattr(FakeServer, "log", [])
    server = mailing.MailSettings(settings.folder, settings.sender, "mail.example", 587, "user", "secret")
    with app.app_context():
        mailing.post_mail_now(**LETTER, now=clock())
    send(app, server)
    assert FakeServer.log == [("mail.example", 587, 30), "tls", ("user", "secret"), "alice@test.example", "quit"]


def test_a_mail_server_that_cannot_be_reached_puts_the_letter_off(app: Flask, clock: Clock, tmp_path: Path) -> None:
    with app.app_context():
        mailing.post_mail_now(**LETTER, now=clock())
    send(app, mailing.MailSettings(tmp_path, "a@test.example", "127.0.0.1", 1))
    with app.app_context():
        counts, (row,) = jobs.get_desk()
    assert counts["waiting"] == 1
    assert "ConnectionRefusedError" in row.error
