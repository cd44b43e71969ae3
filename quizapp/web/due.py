"""The end of an attempt's time, for pages: closing what is over before they look, and telling when it ends."""

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from quizapp.domain.errors import Refused
from quizapp.domain.timing import Timing
from quizapp.services import closing
from quizapp.web.access import me, now
from quizapp.web.display import show_time

Found = TypeVar("Found")


def once_closed(look: Callable[[], Found]) -> Found:
    """What `look` finds; where it is refused, attempts that are open though their time is over are closed first."""
    try:
        return look()
    except Refused:
        if not closing.close_due(now(), me().id):
            raise
        return look()


def show_end(timing: Timing | None, at: dt.datetime) -> dict[str, str] | None:
    """What a script is told about the end of the time, and of the server's clock; None without a limit.

    `due` is the end in words; the others are times for reckoning with.
    """
    if timing is None:
        return None
    times = {"now": at.isoformat(), "due_at": timing.due_at.isoformat(), "closes_at": timing.closes_at.isoformat()}
    return {"due": show_time(timing.due_at), **times}
