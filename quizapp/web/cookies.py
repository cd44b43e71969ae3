"""Session cookies that a clock set back does not spoil.

itsdangerous refuses a cookie that was signed later than now. A machine whose clock is set back, or a second web server
whose clock is behind, would sign out everybody who is at work, and refuse each save until the clock had caught up. Only
the holder of SECRET_KEY can sign, so a time ahead of ours says that clocks differ, nothing else.
"""

import datetime as dt
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import SignatureExpired, TimestampSigner


class PatientSigner(TimestampSigner):
    """Refuses what is too old, but not what comes from the future."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        value: bytes
        signed_at: dt.datetime
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        age = self.get_timestamp() - int(signed_at.timestamp())
        if max_age is not None and age > max_age:
            raise SignatureExpired(f"Signature age {age} > {max_age} seconds", payload=value, date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


class PatientSessions(SecureCookieSessionInterface):
    """Flask's sessions in a cookie, signed by a PatientSigner."""

    def __init__(self) -> None:
        self._serializer: Any = None  # made once: the keys of an application do not change while it runs

    def get_signing_serializer(self, app: Flask) -> Any:
        if self._serializer is None:
            self._serializer = super().get_signing_serializer(app)
            if self._serializer is not None:
                self._serializer.signer = PatientSigner
        return self._serializer
