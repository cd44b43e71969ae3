"""Who may open which page. Each view says so in one line; it is enforced here, and docs/map.md is made from it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from flask import current_app, redirect, request, url_for
from flask_login import current_user

from quizapp.domain.errors import Forbidden
from quizapp.services.accounts import SignedIn

ANYONE = "anyone"
SIGNED_IN = "signed in"

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class PageFacts:
    """One line of docs/map.md. `owns` names the URL argument whose object must be the person's own, if there is one."""

    access: str
    service: str
    template: str
    owns: str


PAGES: dict[str, PageFacts] = {}
"""By `module.view`: the facts of every view of ours."""


def page(
    access: str, *, service: Callable[..., Any] | None = None, template: str = "", owns: str = ""
) -> Callable[[View], View]:
    """Declare a view: who may open it (ANYONE, SIGNED_IN, or a role), the service it calls, the template it shows."""
    named = f"{service.__module__.rsplit('.', 1)[-1]}.{service.__name__}" if service else ""
    facts = PageFacts(access, named, template, owns)

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if access != ANYONE:
                if not current_user.is_authenticated:
                    return ask_to_sign_in()
                if access != SIGNED_IN and access not in me().roles:
                    raise Forbidden(f"This page is for people with the role “{access}”.")
            return view(*args, **kwargs)

        PAGES[f"{view.__module__.rsplit('.', 1)[-1]}.{view.__name__}"] = facts
        return cast(View, guarded)

    return declare


def ask_to_sign_in() -> Any:
    """Send a stranger to the sign-in page, and back afterwards. A background request gets a status instead."""
    if request.accept_mimetypes.best == "application/json":
        return {"error": "Not saved: sign in again."}, 401
    after = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("security.login", next=after))


def me() -> SignedIn:
    """The signed-in person; only in views that are not for ANYONE."""
    return cast(SignedIn, current_user._get_current_object())  # not the proxy, which looks the person up at each use


def now() -> dt.datetime:
    """The time of this request, by the application's clock (tests set it)."""
    return cast(dt.datetime, current_app.config["CLOCK"]())
