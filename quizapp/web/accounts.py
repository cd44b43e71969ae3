"""/accounts/: a person's own account and sign-ins, the demo people, and the pages of Flask-Security."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask_login import current_user
from flask_security import login_user
from flask_wtf import FlaskForm
from wtforms import Field, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from quizapp.domain.errors import Forbidden, NotFound
from quizapp.services import accommodations, accounts
from quizapp.web.access import ANYONE, SIGNED_IN, PageFacts, me, now, page
from quizapp.web.limiting import init_limits, limit_posts
from quizapp.web.signing_in import (
    PASSWORD_LENGTH_MIN,
    check_name,
    datastore,
    forget_registration,
    init_security,
    say_where_letters_go,
)

bp = Blueprint("accounts", __name__, url_prefix="/accounts")

SECURITY_PAGES: dict[str, PageFacts] = {
    "security.login": PageFacts(ANYONE, "", "security/login_user.html", ""),
    "security.logout": PageFacts(ANYONE, "", "", ""),
    "security.register": PageFacts(ANYONE, "", "security/register_user.html", ""),
    "security.forgot_password": PageFacts(ANYONE, "", "security/forgot_password.html", ""),
    "security.reset_password": PageFacts(ANYONE, "", "security/reset_password.html", ""),
    "security.send_confirmation": PageFacts(ANYONE, "", "security/send_confirmation.html", ""),
    "security.confirm_email": PageFacts(ANYONE, "", "", ""),
    "security.change_password": PageFacts(SIGNED_IN, "", "security/change_password.html", ""),
    "security.verify": PageFacts(SIGNED_IN, "", "security/verify.html", ""),
    "security.two_factor_setup": PageFacts(ANYONE, "", "security/two_factor_setup.html", ""),
    "security.two_factor_setup_validate": PageFacts(SIGNED_IN, "", "", ""),
    "security.two_factor_token_validation": PageFacts(ANYONE, "", "security/two_factor_verify_code.html", ""),
    "security.two_factor_rescue": PageFacts(ANYONE, "", "", ""),
    "security.tf_select": PageFacts(ANYONE, "", "security/two_factor_select.html", ""),
    "security.mf_recovery": PageFacts(ANYONE, "", "security/mf_recovery.html", ""),
    "security.mf_recovery_codes": PageFacts(SIGNED_IN, "", "security/mf_recovery_codes.html", ""),
}
"""The pages of Flask-Security by endpoint. ANYONE: the page itself sends away whoever is at the wrong step."""

NOT_FOR_DEMO = {
    "security.change_password",
    "security.two_factor_setup",
    "security.two_factor_setup_validate",
    "security.mf_recovery_codes",
}
LIMITS = {
    "SIGN_IN_LIMIT": "10 per minute",  # per account and address
    "SIGN_IN_ADDRESS_LIMIT": "60 per minute",  # per address, whatever the account
    "CODE_LIMIT": "5 per minute;30 per hour",  # per account: six digits are few
    "LETTER_LIMIT": "5 per hour",  # per e-mail address
    "LETTER_ADDRESS_LIMIT": "30 per hour",  # per address
}

THEMES = {"": "As the device says", "light": "Light", "dark": "Dark"}


class ProfileForm(FlaskForm):  # type: ignore[misc]
    """What a person may change about themselves at any time."""

    name = StringField("Name")
    zone = SelectField("Time zone")
    theme = RadioField("Colours", choices=[SelectChoice(value, label) for value, label in THEMES.items()])

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        self.zone.choices = [SelectChoice(zone, zone.replace("_", " ")) for zone in (*zones, "UTC")]

    def validate_name(self, field: Field) -> None:
        field.data = check_name(field.data)


@bp.route("/", methods=["GET", "POST"])
@page(SIGNED_IN, service=accounts.change_profile, template="accounts/account.html")
def account() -> Any:
    form = ProfileForm(obj=me())
    if form.validate_on_submit():
        accounts.change_profile(me(), name=form.name.data, zone=form.zone.data, theme=form.theme.data, now=now())
        flash("Saved.", "success")
        return redirect(url_for("accounts.account"))
    facts = accounts.get_account(me().id)
    status = 400 if form.errors else 200
    shown = {"person": facts, "granted": accommodations.get_own(me().id), "letters": _letters()}
    return render_template("accounts/account.html", form=form, **shown), status


@bp.get("/sign-ins")
@page(SIGNED_IN, service=accounts.list_devices, template="accounts/sign_ins.html")
def sign_ins() -> Any:
    devices = accounts.list_devices(me(), now())
    return render_template("accounts/sign_ins.html", devices=devices, days=accounts.SIGN_IN_LASTS.days)


@bp.post("/sign-ins/<int:sign_in_id>/end")
@page(SIGNED_IN, service=accounts.end_sign_in, owns="sign_in_id")
def end_sign_in(sign_in_id: int) -> Any:
    accounts.end_sign_in(me().id, sign_in_id, now())
    flash("That sign-in has ended.", "success")
    return redirect(url_for("accounts.sign_ins"))


@bp.post("/sign-ins/end-others")
@page(SIGNED_IN, service=accounts.end_other_sign_ins)
def end_other_sign_ins() -> Any:
    n_ended = accounts.end_other_sign_ins(me(), now())
    flash(f"{n_ended} other sign-in{'' if n_ended == 1 else 's'} ended.", "success")
    return redirect(url_for("accounts.sign_ins"))


@bp.post("/demo")
@page(ANYONE, service=accounts.get_demo_person)
def demo_sign_in() -> Any:
    if current_app.config["PUBLIC_URL"]:
        raise NotFound("There are no demo people on a public server.")
    person = accounts.get_demo_person(request.form.get("email", "").strip().lower())
    entity = datastore().find_user(id=person.id)
    login_user(entity, authn_via=["demo"])
    datastore().write_all()
    return redirect(url_for("learn.dashboard"))


def _letters() -> str:
    return say_where_letters_go(current_app.config)


def init_accounts(app: Flask, store: Any) -> None:
    """Register accounts on `app`: Flask-Security over the datastore `store`, our pages, limits, who is signed in."""
    init_security(app, store)
    security = app.extensions["security"]
    security.context_processor(lambda: {"letters": _letters(), "password_length_min": PASSWORD_LENGTH_MIN})
    security.login_context_processor(lambda: {"demo_people": _list_demo_people()})
    app.register_blueprint(bp)
    for endpoint in SECURITY_PAGES:
        app.view_functions[endpoint] = _round_off(endpoint, app.view_functions[endpoint])
    app.view_functions["security.two_factor_rescue"] = _offer_recovery
    _limit(app)


def _list_demo_people() -> list[Any]:
    return [] if current_app.config["PUBLIC_URL"] else accounts.list_demo_people()


def _offer_recovery() -> Any:
    """Whoever cannot get a code uses a recovery code; Flask-Security's letter to an administrator goes nowhere here."""
    return redirect(url_for("security.mf_recovery"))


def _round_off(endpoint: str, view: Callable[..., Any]) -> Callable[..., Any]:
    """A view of Flask-Security that writes what it changed before it answers, so that a fault still shows its page."""

    @wraps(view)
    def rounded(*args: Any, **kwargs: Any) -> Any:
        if request.is_json:
            abort(415)  # we have forms only; fewer ways in
        if endpoint in NOT_FOR_DEMO and getattr(current_user, "is_demo", False):
            raise Forbidden("A demo person has no password and no second factor: everybody here may be this person.")
        answer = view(*args, **kwargs)
        datastore().write_all()
        if endpoint == "security.register" and request.method == "POST":
            forget_registration()
        return answer

    return rounded


def _limit(app: Flask) -> None:
    """Slow down guessing of passwords and codes, and flooding people with letters."""
    init_limits(app, LIMITS)
    letters = ("security.register", "security.forgot_password", "security.send_confirmation")
    codes = ("security.two_factor_token_validation", "security.mf_recovery")
    account = ("security.verify", "security.change_password")
    limit_posts(app, ("security.login",), "SIGN_IN_LIMIT", lambda: f"{_typed_email()} {_address()}")
    limit_posts(app, ("security.login",), "SIGN_IN_ADDRESS_LIMIT", _address)
    limit_posts(app, account, "CODE_LIMIT", lambda: str(session.get("_user_id", "")))
    limit_posts(app, codes, "CODE_LIMIT", lambda: str(session.get("tf_user_id", "")))
    limit_posts(app, letters, "LETTER_LIMIT", _typed_email)
    limit_posts(app, letters, "LETTER_ADDRESS_LIMIT", _address)


def _address() -> str:
    return request.remote_addr or ""


def _typed_email() -> str:
    return request.form.get("email", "").strip().lower()[:255]
