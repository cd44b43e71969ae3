"""/registrar/: who was granted more time, pauses or more attempts."""

from contextlib import suppress
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from quizapp.domain.accommodations import MOST, Accommodation
from quizapp.services import accommodations as granting
from quizapp.web.access import me, now, page

bp = Blueprint("registrar", __name__, url_prefix="/registrar")

MAX_CHARACTERS = 200
"""Characters of a search that are looked at."""


class _Amount(IntegerField):  # type: ignore[misc]
    """What is no number is refused once, with the sentence that says what is asked for."""

    def process_formdata(self, valuelist: list[str]) -> None:
        with suppress(ValueError):
            super().process_formdata(valuelist)


def _amount(label: str, name: str) -> IntegerField:
    said = f"{label}: a whole number from 0 to {MOST[name]}."
    return _Amount(label, validators=[InputRequired(said), NumberRange(0, MOST[name], said)])


class AccommodationForm(FlaskForm):  # type: ignore[misc]
    """What is granted, and why."""

    extra_percent = _amount("Extra time in per cent", "extra_percent")
    extra_minutes = _amount("Extra minutes", "extra_minutes")
    pause_minutes = _amount("Minutes of pause", "pause_minutes")
    extra_attempts = _amount("Extra attempts", "extra_attempts")
    reason = StringField(
        "Reason",
        validators=[
            InputRequired("Say why: it stands in the history."),
            Length(1, granting.REASON_LIMIT, f"A reason has at most {granting.REASON_LIMIT} characters."),
        ],
    )


@bp.get("/accommodations")
@page("registrar", service=granting.get_desk, template="registrar/accommodations.html")
def accommodations() -> Any:
    words, after = (request.args.get(name, "").replace("\0", "") for name in ("q", "after"))  # no name has it
    words, after = " ".join(words.split())[:MAX_CHARACTERS], after[:MAX_CHARACTERS]
    desk = granting.get_desk(words, after)
    return render_template("registrar/accommodations.html", desk=desk, words=words, after=after)


@bp.route("/accommodations/<int:person_id>", methods=["GET", "POST"])
@page("registrar", service=granting.change, template="registrar/accommodation.html")
def accommodation(person_id: int) -> Any:
    granted, changes = granting.get_person(person_id)
    form = AccommodationForm(data={**granted.accommodation.to_json(), "reason": ""})
    if form.validate_on_submit():
        wanted = Accommodation(**{name: form[name].data for name in MOST})
        is_new = granting.change(person_id, wanted, reason=form.reason.data, actor_id=me().id, now=now())
        flash(
            "Kept. It is in force now." if is_new else "This is what was granted already; nothing changed.", "success"
        )
        return redirect(url_for("registrar.accommodation", person_id=person_id))
    page_of = render_template("registrar/accommodation.html", form=form, granted=granted, changes=changes)
    return page_of, 400 if form.errors else 200
