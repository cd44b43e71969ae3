"""Flask-Security, set up our way: who is signed in, which letters go out, how codes are checked, what it says."""

import base64
import datetime as dt
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import segno
from flask import Flask, current_app, g, request, session
from flask_login import user_logged_in, user_logged_out
from flask_principal import identity_loaded  # type: ignore[import-untyped]
from flask_security import (
    ChangePasswordForm,
    LoginForm,
    MailUtil,
    RegisterFormV2,
    ResetPasswordForm,
    Security,
    Totp,
    TwoFactorRescueForm,
    TwoFactorSetupForm,
    UserMixin,
    hash_password,
)
from flask_security.core import _on_identity_loaded
from flask_security.utils import validate_redirect_url
from wtforms import Field, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from quizapp.domain.errors import Invalid, StorageUnavailable
from quizapp.services import accounts, mailing
from quizapp.web.access import now

PASSWORD_LENGTH_MIN = 10
FIND_AN_ACCOUNT = "If there is an account with %(email)s, a letter is on its way to it."


class SignInForm(LoginForm):
    """E-mail address and password. Every sign-in is remembered for the same time, so nobody is asked."""

    remember = None

    def validate_next(self, field: Field) -> None:
        """An address that leads elsewhere is dropped; it is no reason to refuse somebody's password."""
        if field.data and not validate_redirect_url(field.data):
            field.data = ""


class RegisterForm(RegisterFormV2):
    """A new account: one password field, for a manager fills it in and a letter mends a slip."""

    name: StringField = StringField("Name")

    def validate_name(self, field: Field) -> None:
        field.data = check_name(field.data)


class SetPasswordForm(ResetPasswordForm):
    """A new password after a letter; typed once."""

    password_confirm = None


class NewPasswordForm(ChangePasswordForm):
    """A new password for somebody who knows the old one; typed once."""

    new_password_confirm = None


class SecondStepForm(TwoFactorSetupForm):
    """An authenticator app or nothing. The library's own choices are tuples, which WTForms has deprecated."""

    setup = RadioField("Second step", choices=[SelectChoice("authenticator"), SelectChoice("disable")])


class RescueForm(TwoFactorRescueForm):
    """Built by the library beside the code form and never shown: a link to the recovery codes stands there instead."""

    help_setup = RadioField("Help", choices=[])


def check_name(text: str | None) -> str:
    """The cleaned name; the form shows what cannot stand in it."""
    try:
        return accounts.clean_name(text or "")
    except Invalid as error:
        raise ValidationError(str(error)) from error


class LetterBox(MailUtil):
    """Letters go into the job table, in the transaction of what caused them. Addresses are kept in lower case."""

    def send_mail(
        self,
        template: str,
        subject: str,
        recipient: Any,
        sender: Any,  # noqa: ARG002 - the signature is the library's
        body: str | None,
        html: str | None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> None:
        """Post one letter with the next commit."""
        if template == current_app.config["SECURITY_EMAIL_TEMPLATE_PASSWORD_RESET"]:
            hash_password("not-a-password")  # as is done for an unknown address, so that both take as long
        letter = {"to": str(recipient), "subject": str(subject), "body": body or "", "key": secrets.token_hex(16)}
        at = now()
        datastore().also(lambda work: mailing.post_mail(work, now=at, **letter))

    def normalize(self, email: str) -> str:
        return super().normalize(email).lower()

    def validate(self, email: str) -> str:
        return super().validate(email).lower()


class Codes(Totp):
    """Authenticator codes: drawn by segno, and none is accepted twice (RFC 6238, section 5.2)."""

    def generate_qrcode(self, username: str, totp: str) -> str:
        code = segno.make(self.get_totp_uri(username, totp), micro=False)
        return str(code.svg_data_uri(scale=5, light="#fff"))

    def get_last_counter(self, user: Any) -> int | None:
        last: int | None = user.tf_last_counter
        return last

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        user.tf_last_counter = tmatch.counter
        datastore().put(user)


class FascicleSecurity(Security):
    """Flask-Security without its demand for a second library that draws QR codes."""

    def _check_modules(self, module: str, config_name: str) -> Any:
        return True if module == "qrcode" else super()._check_modules(module, config_name)  # type: ignore[no-untyped-call]


def datastore() -> Any:
    """The datastore of this application."""
    return current_app.extensions["security"].datastore


def init_security(app: Flask, store: Any) -> None:
    """Register Flask-Security on `app` with the datastore `store`."""
    app.config.update(_settings(app.config))
    app.config.update(_messages(app.config))
    security = FascicleSecurity(
        app,
        store,
        login_form=SignInForm,
        register_form=RegisterForm,
        reset_password_form=SetPasswordForm,
        change_password_form=NewPasswordForm,
        two_factor_setup_form=SecondStepForm,
        two_factor_rescue_form=RescueForm,
        mail_util_cls=LetterBox,
        totp_cls=Codes,
    )
    _hash_one_at_a_time(security.pwd_context)
    # The sign-in token alone says who it is. Flask-Login's own way there looks into four other places at each request.
    manager = security.login_manager
    manager._user_callback = None
    manager._load_user = lambda: manager._update_request_context_with_user(_load_person())
    # Roles are checked in access.py. Loading an identity would load the person on pages that do not need one.
    security.principal.identity_loaders.clear()
    identity_loaded.disconnect(_on_identity_loaded, app)
    security.mail_context_processor(lambda: {"outside": outside})
    user_logged_in.connect(_open_sign_in, app)
    user_logged_out.connect(_close_sign_in, app)


def _hash_one_at_a_time(passwords: Any) -> None:
    """Bound what a rush of sign-ins takes: each hash needs 19 MiB and a core for itself, by design.

    A thread of their own, for the C library keeps the memory of a finished hash for the thread that made it.
    """
    alone = ThreadPoolExecutor(max_workers=1, thread_name_prefix="password")

    def apart(work: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: alone.submit(work, *args, **kwargs).result()

    passwords.verify, passwords.hash = apart(passwords.verify), apart(passwords.hash)


def _load_person() -> Any:
    """The person of this request: a SignedIn from one select on our pages, the entity on Flask-Security's."""
    token = session.get("sign_in")
    if not token:
        return None
    try:
        person = accounts.find_signed_in(token, now())
    except StorageUnavailable:
        forget_person()  # the page that tells of it asks again who is signed in, and must not fail on that
        raise
    if person is None:
        return None
    if person.is_demo and current_app.config["PUBLIC_URL"]:
        return None  # a demo person that was left behind has no business on a public server
    g.fs_authn_via = "session"
    g.fs_paa = session.get("fs_paa", 0)
    return datastore().find_user(id=person.id) if request.blueprint == "security" else person


def _open_sign_in(_app: Flask, user: UserMixin, **_: Any) -> None:
    if request.endpoint == "security.register":
        return  # see forget_registration
    _close_sign_in(_app)
    token, agent, at = accounts.make_token(), request.user_agent.string, now()
    session["sign_in"] = token
    session.permanent = True
    datastore().also(lambda work: accounts.open_sign_in(work, user.id, token, agent, at))


def _close_sign_in(_app: Flask, **_: Any) -> None:
    token = session.pop("sign_in", None)
    if token:
        datastore().also(partial(accounts.close_sign_in, token=token, now=now()))


def forget_registration() -> None:
    """Undo the sign-in that Flask-Security makes for a new address only: it would tell that the address was new."""
    for key in ("_user_id", "_fresh", "_id", "fs_cc", "fs_paa"):
        session.pop(key, None)
    forget_person()


def forget_person() -> None:
    """Nobody is signed in for the rest of this request."""
    current_app.extensions["security"].login_manager._update_request_context_with_user()


def outside(link: str) -> str:
    """A link for a letter. On a public server it does not trust the Host header: whoever sends a request chooses it."""
    public = current_app.config["PUBLIC_URL"]
    parts = urlsplit(link)
    return link if not public else public + link.removeprefix(f"{parts.scheme}://{parts.netloc}")


def _derive(secret_key: str, purpose: str) -> bytes:
    return sha256(f"fascicle {purpose} {secret_key}".encode()).digest()


_PLACES = {
    "URL_PREFIX": "/accounts",
    "LOGIN_URL": "/sign-in",
    "LOGOUT_URL": "/sign-out",
    "TWO_FACTOR_SETUP_URL": "/two-factor-setup",
    "TWO_FACTOR_TOKEN_VALIDATION_URL": "/two-factor-code",
    "TWO_FACTOR_RESCUE_URL": "/two-factor-rescue",
    "TWO_FACTOR_SELECT_URL": "/two-factor-select",
    "MULTI_FACTOR_RECOVERY_URL": "/two-factor-recovery",
    "MULTI_FACTOR_RECOVERY_CODES_URL": "/two-factor-recovery-codes",
    "POST_LOGIN_VIEW": "learn.dashboard",
    "POST_LOGOUT_VIEW": "site.landing",
    "POST_REGISTER_VIEW": "security.login",
    "POST_CONFIRM_VIEW": "accounts.account",
    "POST_CHANGE_VIEW": "accounts.account",
    "TWO_FACTOR_POST_SETUP_VIEW": "accounts.account",
}
"""Addresses, and which page follows which."""


def _settings(config: Any) -> dict[str, Any]:
    key = config["SECRET_KEY"]
    settings = {
        "STATIC_FOLDER": None,
        "CLI_USERS_NAME": None,
        "CLI_ROLES_NAME": None,
        "REGISTERABLE": True,
        "CONFIRMABLE": True,
        "RECOVERABLE": True,
        "CHANGEABLE": True,
        # Without a mail server people can work at once, and the account page asks them to confirm; with one, a letter
        # comes first, so that signing in does not tell either whether an address is known.
        "LOGIN_WITHOUT_CONFIRMATION": not config["MAIL_SERVER"],
        "RETURN_GENERIC_RESPONSES": True,
        "USER_IDENTITY_ATTRIBUTES": [{"email": {"mapper": lambda email: email.lower(), "case_insensitive": False}}],
        "EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "EMAIL_HTML": False,
        "CACHE_CONTROL": {"no-store": None},  # its own default comes out as `no-store=True`, which no browser knows
        "EMAIL_SENDER": config["MAIL_FROM"],
        "DATETIME_FACTORY": now,
        "API_ENABLED_METHODS": ["session"],
        "FRESHNESS": dt.timedelta(hours=1),
        "FRESHNESS_GRACE_PERIOD": dt.timedelta(hours=1),
        "PASSWORD_LENGTH_MIN": PASSWORD_LENGTH_MIN,
        "PASSWORD_CONFIRM_REQUIRED": False,
        # OWASP, Password Storage Cheat Sheet (2025): Argon2id with 19 MiB, two passes, one lane.
        "PASSWORD_HASH": "argon2",
        "PASSWORD_SCHEMES": ["argon2"],
        "PASSWORD_SINGLE_HASH": ["argon2"],
        "PASSWORD_HASH_PASSLIB_OPTIONS": {
            "argon2__time_cost": 2,
            "argon2__memory_cost": 19_456,
            "argon2__parallelism": 1,
        },
        # Only binds a signed token to what it was made for; the default costs a quarter of a second.
        "HASHING_SCHEMES": ["hex_sha256"],
        "TWO_FACTOR": True,
        "TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "TWO_FACTOR_IMPLEMENTATIONS": {"code": "flask_security.twofactor.CodeTfPlugin"},
        "TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
        "TWO_FACTOR_RESCUE_EMAIL": False,
        "TOTP_ISSUER": "Fascicle",
        "TOTP_SECRETS": {"1": _derive(key, "authenticator").hex()},
        "MULTI_FACTOR_RECOVERY_CODES": True,
        "MULTI_FACTOR_RECOVERY_CODES_N": 8,
        "MULTI_FACTOR_RECOVERY_CODES_KEYS": [base64.urlsafe_b64encode(_derive(key, "recovery codes"))],
        "EMAIL_SUBJECT_REGISTER": "Your Fascicle account",
        "EMAIL_SUBJECT_CONFIRM": "Confirm your e-mail address for Fascicle",
        "EMAIL_SUBJECT_PASSWORD_RESET": "Set a new password for Fascicle",
        "EMAIL_SUBJECT_PASSWORD_NOTICE": "Your Fascicle password was set anew",
        "EMAIL_SUBJECT_PASSWORD_CHANGE_NOTICE": "Your Fascicle password was changed",
    }
    return {
        **{f"SECURITY_{name}": value for name, value in (_PLACES | settings).items()},
        "SESSION_PROTECTION": None,  # it binds a cookie to an IP address, which phones change; the token does the work
        "SESSION_REFRESH_EACH_REQUEST": False,  # a late background answer must not bring a signed-out cookie back
    }


def say_where_letters_go(config: Any) -> str:
    """A sentence for the pages that send letters; empty when a mail server sends them."""
    if config["MAIL_SERVER"]:
        return ""
    if config["PUBLIC_URL"]:
        return "No mail server is set up here yet, so no letter arrives: tell the people who run this site."
    folder = config["MAIL_FOLDER"]
    return f"No mail server is set up: the letter lies as an .eml file in the folder {folder} of this installation."


def _messages(config: Any) -> dict[str, tuple[str, str]]:
    where = say_where_letters_go(config).replace("%", "%%")
    messages = {
        "GENERIC_AUTHN_FAILED": ("E-mail address or password is not right.", "error"),
        "UNAUTHENTICATED": ("Sign in to see this page.", "info"),
        "REAUTHENTICATION_REQUIRED": ("To change this, enter your password again.", "info"),
        "REAUTHENTICATION_SUCCESSFUL": ("Thank you: go on.", "info"),
        "CONFIRM_REGISTRATION": (
            f"A letter to %(email)s is on its way: open its link to confirm the address. You can sign in now. {where}",
            "success",
        ),
        "CONFIRMATION_REQUEST": (f"{FIND_AN_ACCOUNT} {where}", "info"),
        "PASSWORD_RESET_REQUEST": (f"{FIND_AN_ACCOUNT} {where}", "info"),
        "EMAIL_CONFIRMED": ("Your e-mail address is confirmed.", "success"),
        "ALREADY_CONFIRMED": ("Your e-mail address was confirmed before.", "info"),
        "INVALID_CONFIRMATION_TOKEN": ("This link does not work (any more). Have a new letter sent.", "error"),
        "CONFIRMATION_EXPIRED": ("This link was good for %(within)s. Have a new letter sent.", "error"),
        "INVALID_RESET_PASSWORD_TOKEN": ("This link does not work (any more). Have a new letter sent.", "error"),
        "PASSWORD_RESET_EXPIRED": ("This link was good for %(within)s. Have a new letter sent.", "error"),
        "PASSWORD_RESET_NO_LOGIN": ("Your new password is set. Sign in with it.", "success"),
        "PASSWORD_CHANGE": ("Your password is changed. Everywhere else you are signed out.", "success"),
        "PASSWORD_IS_THE_SAME": ("Choose a password that differs from the one you have.", "error"),
        "PASSWORD_NOT_PROVIDED": ("Enter a password.", "error"),
        "PASSWORD_INVALID_LENGTH": ("Use at least %(length)s characters.", "error"),
        "INVALID_PASSWORD": ("This password is not right.", "error"),
        "EMAIL_NOT_PROVIDED": ("Enter your e-mail address.", "error"),
        "INVALID_EMAIL_ADDRESS": ("This is not a complete e-mail address.", "error"),
        "TWO_FACTOR_INVALID_TOKEN": ("This code is not right, or it was used before. Wait for the next one.", "error"),
        "TWO_FACTOR_LOGIN_SUCCESSFUL": ("You are signed in.", "success"),
        "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": (
            "From now on signing in asks for a code too. Make recovery codes now, for the day your phone is gone.",
            "success",
        ),
        "TWO_FACTOR_PERMISSION_DENIED": ("Start with your e-mail address and password.", "error"),
        "TWO_FACTOR_DISABLED": ("Signing in asks for your password only.", "success"),
        "TWO_FACTOR_SETUP_EXPIRED": ("This took longer than %(within)s. Start again.", "error"),
        "INVALID_RECOVERY_CODE": ("This recovery code is not right, or it was used before.", "error"),
        "NO_RECOVERY_CODES_SETUP": ("You have no recovery codes yet.", "info"),
    }
    return {f"SECURITY_MSG_{name}": (text.strip(), kind) for name, (text, kind) in messages.items()}
