"""How values look on a page: dates and times in the person's own zone, marks, greetings, Markdown."""

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, current_app
from flask_login import current_user

from quizapp.banks.markup import show_inline, show_text
from quizapp.domain.attempts import marks_to_pass
from quizapp.services.reviewing import list_levels, show_marks


def init_display(app: Flask) -> None:
    """Register the template filters."""
    app.jinja_env.filters |= {
        "local_time": show_time,
        "local_day": lambda at: show_day(_local(at).date()),
        "day": show_day,
        "greeting": lambda at: greet(_local(at).hour),
        "marks": show_marks,
        "rich": show_text,
        "inline": show_inline,
    }
    app.jinja_env.globals |= {"pass_marks": marks_to_pass, "levels_of": list_levels}


def show_time(at: dt.datetime) -> str:
    """12:03, in the person's own zone."""
    return f"{_local(at):%H:%M}"


def show_day(day: dt.date) -> str:
    """22 Nov 2026."""
    return f"{day.day} {day:%b %Y}"


def greet(hour: int) -> str:
    """Good morning, afternoon or evening."""
    return "Good morning" if 4 <= hour < 12 else "Good afternoon" if 12 <= hour < 18 else "Good evening"


def _local(at: dt.datetime) -> dt.datetime:
    try:
        zone = ZoneInfo(getattr(current_user, "zone", "") or current_app.config["PROVIDER_ZONE"])
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return at.astimezone(zone)
