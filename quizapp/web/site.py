"""What everybody may see: the landing page, the standing pages, and whether this installation is up."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for
from flask_login import current_user
from markdown_it import MarkdownIt
from markupsafe import Markup

from config import ROOT
from quizapp.domain.errors import NotFound
from quizapp.services.accounts import list_demo_people
from quizapp.services.health import check_readiness, newest_migration
from quizapp.services.studying import list_public_modules
from quizapp.web.access import ANYONE, page

bp = Blueprint("site", __name__)

PAGES_FOLDER = Path(__file__).parents[1] / "pages"
ORDER = ("accessibility", "privacy", "terms", "how-credit-is-worked-out", "contact")
"""The standing pages as the footer lists them."""

PLACEHOLDER_DOMAIN = ".example"
"""Addresses below it never reach anybody (RFC 2606), so a contact address there means that none was set."""

CLASSES = {"table_open": "table mb-4", "heading_open": "mt-4"}
"""Classes of the theme that Markdown cannot name."""

FOUND_BY_SEARCH = frozenset({"site.landing", "site.standing"})
"""Endpoints of the pages that search engines may list."""

NAV = (("learn.dashboard", "Learn", "home"), ("learn.progress", "Progress", "chart"), ("notes.notes", "Notes", "note"))
WORK_BY_ROLE = {
    "author": (("author.problems", "Problem reports"), ("corrections.corrections", "Corrections")),
    "registrar": (("registrar.accommodations", "Accommodations"),),
    "admin": (("admin.jobs", "Jobs"),),
}
"""What each role looks after, as the footer and the account page list it: (endpoint, name)."""


@dataclass(frozen=True, slots=True)
class StandingPage:
    """A page that hardly ever changes: `# title`, a line `Last reviewed: YYYY-MM-DD`, then Markdown."""

    slug: str
    title: str
    reviewed: dt.date
    body: str


def read_standing_page(slug: str, text: str) -> StandingPage:
    """Take a page's file apart. ValueError when the title or the date is missing."""
    head, _, rest = text.partition("\n")
    front, _, body = rest.lstrip("\n").partition("\n")
    if not head.startswith("# ") or not front.startswith("Last reviewed: "):
        raise ValueError(f"{slug}.md begins with '# title', an empty line and 'Last reviewed: YYYY-MM-DD'")
    return StandingPage(
        slug, head[2:].strip(), dt.date.fromisoformat(front.removeprefix("Last reviewed: ").strip()), body
    )


@bp.app_template_global("standing_pages")
@lru_cache
def standing_pages() -> tuple[StandingPage, ...]:
    """The standing pages in the order of the footer; they change only with the code, so they are read once."""
    return tuple(read_standing_page(slug, (PAGES_FOLDER / f"{slug}.md").read_text("utf-8")) for slug in ORDER)


@lru_cache
def render_standing_page(body: str, contact: str) -> Markup:
    """The page as HTML. `<{contact}>` in the text becomes the installation's contact address."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(body.replace("{contact}", contact))
    for token in tokens:
        if token.type in CLASSES:
            token.attrSet("class", CLASSES[token.type])
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704 - our own text, and HTML in it is escaped


@bp.app_template_global("nav_links")
def nav_links() -> tuple[tuple[str, str, str], ...]:
    """Main navigation of a signed-in person: (endpoint, name, icon)."""
    return NAV


@bp.app_template_global("work_links")
def work_links() -> tuple[tuple[str, str], ...]:
    """What the signed-in person looks after by their roles: (endpoint, name)."""
    return tuple(link for role, links in WORK_BY_ROLE.items() if role in current_user.roles for link in links)


@bp.get("/")
@page(ANYONE, service=list_public_modules, template="site/landing.html")
def landing() -> Any:
    if current_user.is_authenticated:
        return redirect(url_for("learn.dashboard"))
    course, modules = list_public_modules()
    has_demo = not current_app.config["PUBLIC_URL"] and bool(list_demo_people())
    return render_template("site/landing.html", course=course, modules=modules, has_demo=has_demo)


@bp.get("/pages/<slug>")
@page(ANYONE, template="site/standing.html")
def standing(slug: str) -> Any:
    found = next((p for p in standing_pages() if p.slug == slug), None)
    if found is None:
        raise NotFound("There is no page of that name.")
    contact = current_app.config["CONTACT_EMAIL"]
    return render_template(
        "site/standing.html",
        page=found,
        body=render_standing_page(found.body, contact),
        has_contact=not contact.endswith(PLACEHOLDER_DOMAIN),
    )


@bp.get("/healthz")
@page(ANYONE)
def healthz() -> Any:
    """The process answers. It does not ask the database, so a slow one never gets a live process restarted."""
    return {"status": "up"}


@bp.get("/readyz")
@page(ANYONE, service=check_readiness)
def readyz() -> Any:
    """Requests can be served: the database answers and stands at the newest migration."""
    readiness = check_readiness(newest_migration(ROOT / "migrations"))
    if readiness.is_ready:
        return {"status": "ready"}
    return {"status": "not ready", "reason": readiness.reason}, 503


@bp.get("/robots.txt")
@page(ANYONE)
def robots() -> Any:
    """Robots may fetch everything: only who may fetch a page reads on it that it must not be listed."""
    return Response("User-agent: *\nDisallow:\n", mimetype="text/plain")


@bp.after_app_request
def keep_out_of_search(response: Response) -> Response:
    """Tell search engines to list only FOUND_BY_SEARCH. A robot is never signed in, so a person's page need not say it:
    what robots meet there is the way to the sign-in form.
    """
    person = g.get("_login_user")  # known if the page asked
    is_listed = request.endpoint in FOUND_BY_SEARCH and response.status_code < 400
    if not is_listed and not (person and person.is_authenticated):
        response.headers["X-Robots-Tag"] = "noindex"
    return response
