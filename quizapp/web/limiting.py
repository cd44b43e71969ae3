"""Limits on how often a form is sent: slow down guessing and flooding, and nothing else.

Counts live in this process and start anew with it: several processes allow as many times more.
"""

import time
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from flask import Flask, current_app, request
from limits import parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests


def init_limits(app: Flask, defaults: dict[str, str]) -> None:
    """Prepare the counts; `defaults` are settings such as `"5 per minute;30 per hour"` unless `app` has its own."""
    for name, limit in defaults.items():
        app.config.setdefault(name, limit)
    app.extensions["fascicle-limits"] = FixedWindowRateLimiter(MemoryStorage())


def limit_posts(app: Flask, endpoints: Iterable[str], setting: str, key: Callable[[], str]) -> None:
    """Count the POSTs to all of these endpoints together, apart for each `key()`; refuse those over `setting`."""
    limits = parse_many(app.config[setting])
    for endpoint in endpoints:
        app.view_functions[endpoint] = _limited(app.view_functions[endpoint], limits, setting, key)


def count_try(setting: str, whose: str) -> int:
    """Count one try of `whose` under `setting`: 0 while there may be more, else the seconds until the next may come."""
    if not current_app.config.get("RATELIMIT_ENABLED", True):
        return 0
    return _count(parse_many(current_app.config[setting]), setting, whose)


def _count(limits: list[Any], scope: str, whose: str) -> int:
    counts = current_app.extensions["fascicle-limits"]
    for limit in limits:
        if not counts.hit(limit, scope, whose):
            reset_at: float = counts.get_window_stats(limit, scope, whose).reset_time
            return max(1, round(reset_at - time.time()))
    return 0


def _limited(view: Callable[..., Any], limits: list[Any], scope: str, key: Callable[[], str]) -> Callable[..., Any]:
    @wraps(view)
    def limited(*args: Any, **kwargs: Any) -> Any:
        if request.method == "POST" and current_app.config.get("RATELIMIT_ENABLED", True):
            wait_seconds = _count(limits, scope, key())
            if wait_seconds:
                raise TooManyRequests(retry_after=wait_seconds)
        return view(*args, **kwargs)

    return limited
