"""Cookies and clocks: what a clock set back must not do, and what must still be refused."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import BadSignature

DAY = 24 * 3600


@pytest.mark.parametrize("hours", [-29 * 24, -1, 1, 24])
def test_a_sign_in_holds_when_the_clock_is_set_back_or_forth(
    alice: FlaskClient, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = "quizapp.web.cookies.PatientSigner.get_timestamp"
    now = alice.application.session_interface.get_signing_serializer(alice.application).make_signer().get_timestamp()
    monkeypatch.setattr(ours, lambda _signer: now - hours * 3600)
    assert alice.get("/accounts/").status_code == 200


def test_a_cookie_that_is_too_old_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    serializer = app.session_interface.get_signing_serializer(app)
    cookie = serializer.dumps({"a": 1})
    assert serializer.loads(cookie, max_age=30 * DAY) == {"a": 1}
    now = serializer.make_signer().get_timestamp()
    monkeypatch.setattr("quizapp.web.cookies.PatientSigner.get_timestamp", lambda _signer: now + 31 * DAY)
    with pytest.raises(BadSignature):
        serializer.loads(cookie, max_age=30 * DAY)


def test_a_changed_cookie_is_refused(app: Flask) -> None:
    serializer = app.session_interface.get_signing_serializer(app)
    cookie = serializer.dumps({"a": 1})
    with pytest.raises(BadSignature):
        serializer.loads(cookie[:-2] + ("AA" if cookie[-2:] != "AA" else "BB"), max_age=30 * DAY)
