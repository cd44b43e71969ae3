"""How values look on a page: dates and times in the person's own zone, marks, greetings, Markdown."""

import datetime as dt
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, current_app, request, url_for
from flask.templating import Environment
from flask_login import current_user

from quizapp.banks.markup import show_inline, show_text
from quizapp.domain.attempts import marks_to_pass
from quizapp.services.reviewing import list_levels, show_marks


class PlainEnvironment(Environment):
    """Templates see the globals of the environment themselves. Jinja lays a ChainMap over them, slow with each import.

    No template has globals of its own here, which is what that is for.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


def init_display(app: Flask) -> None:
    """Register the template filters."""
    app.jinja_env.filters |= {
        "local_time": show_time,
        "local_moment": show_moment,
        "local_day": lambda at: show_day(_local(at).date()),
        "day": show_day,
        "duration": show_duration,
        "greeting": lambda at: greet(_local(at).hour),
        "marks": show_marks,
        "rich": show_text,
        "inline": show_inline,
    }
    app.jinja_env.globals |= {
        "moment": show_moment,
        "pass_marks": marks_to_pass,
        "levels_of": list_levels,
        "url_for": show_path,
    }


def show_time(at: dt.datetime) -> str:
    """12:03, in the person's own zone."""
    return f"{_local(at):%H:%M}"


def show_moment(at: dt.datetime) -> str:
    """22 Nov 2026, 12:03, in the person's own zone."""
    return f"{show_day(_local(at).date())}, {show_time(at)}"


def show_duration(seconds: int) -> str:
    """45 seconds, 1 minute 20 seconds, 12 minutes: no part that is 0."""
    minutes, rest = divmod(seconds, 60)
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((minutes, "minute"), (rest, "second")) if n]
    return " ".join(parts) or "0 seconds"


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


LONGEST_NAME = 100
"""Characters of the longest id that stands in an address."""


@lru_cache(maxsize=2048)
def _path(root: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:  # noqa: ARG001 - part of the key
    return url_for(endpoint, **dict(values))


def show_path(endpoint: str, **values: Any) -> str:
    """`url_for` for templates: the path of a page, worked out once for the same values. A page asks for dozens."""
    is_ours = not endpoint.startswith((".", "security.")) and "_external" not in values and not current_app.debug
    if not is_ours or any(isinstance(value, str) and len(value) > LONGEST_NAME for value in values.values()):
        return url_for(endpoint, **values)  # what people send, and secrets, are not kept
    return _path(request.script_root, endpoint, tuple(values.items()))
