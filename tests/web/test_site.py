"""What strangers see: the landing page, the standing pages, errors, and the signs of life."""

import re
from decimal import Decimal
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask, g, render_template
from flask.testing import FlaskClient
from ruamel.yaml import YAML

from quizapp.app import create_app
from quizapp.domain.credit import Methods, work_out
from quizapp.domain.modules import Course
from quizapp.services.health import check_readiness
from quizapp.services.studying import PublicModule
from quizapp.store.db import db
from quizapp.web.site import ORDER, PAGES_FOLDER, nav_links, read_standing_page

ROOT = Path(__file__).parents[2]


def make_app(folder: Path, **settings: str) -> Flask:
    values = {
        "TESTING": True,
        "INSTANCE_PATH": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
        "SECRET_KEY": "only for tests, " * 3,
        "PUBLIC_URL": "",
        "CONTACT_EMAIL": "help@fascicle.example",
    }
    return create_app({**values, **settings})


@pytest.fixture(scope="module")
def site_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An installation without any course and without anybody in it, migrated to the newest state."""
    app = make_app(tmp_path_factory.mktemp("site"))
    with app.app_context():
        flask_migrate.upgrade()
    return app


@pytest.fixture
def stranger(site_app: Flask) -> FlaskClient:
    return site_app.test_client()


def test_the_landing_page_offers_an_account_and_signing_in(stranger: FlaskClient) -> None:
    page = stranger.get("/")
    assert page.status_code == 200
    assert page.text.count("btn-primary") == 1
    assert "Create an account" in page.text
    assert "Sign in" in page.text


def test_the_landing_page_of_an_empty_installation_says_what_publishes_a_course(stranger: FlaskClient) -> None:
    assert "flask modules publish" in stranger.get("/").text


def test_the_demo_learner_is_offered_only_where_demo_people_live(stranger: FlaskClient) -> None:
    assert "demo learner" not in stranger.get("/").text


def test_the_landing_page_shows_a_band_for_each_objective_of_each_module(site_app: Flask) -> None:
    course = Course.model_validate(YAML(typ="safe").load((ROOT / "questions" / "course.yaml").read_text("utf-8")))
    modules = [
        PublicModule("one", 1, "First & foremost", "About it.", 30, Decimal("0.50"), 4),
        PublicModule("two", 2, "Second", "About that.", 45, Decimal("0.75"), 1),
    ]
    with site_app.test_request_context("/"):
        text = render_template("site/landing.html", course=course, modules=modules, has_demo=True)
    assert text.count("<li></li>") == 5
    assert "First &amp; foremost" in text
    assert "1 objective<" in text
    assert "0.75 contact hours" in text
    assert "Try it as the demo learner" in text


@pytest.mark.parametrize("slug", ORDER)
def test_a_standing_page_has_one_heading_and_the_date_it_was_last_reviewed(stranger: FlaskClient, slug: str) -> None:
    page = stranger.get(f"/pages/{slug}")
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert re.search(r'Last reviewed <time datetime="20\d\d-\d\d-\d\d">', page.text)
    assert "{contact}" not in page.text


def test_every_standing_page_is_in_the_footer(stranger: FlaskClient) -> None:
    footer = stranger.get("/").text.split("<footer")[1]
    assert re.findall(r'href="/pages/([a-z-]+)"', footer) == list(ORDER)
    assert {path.stem for path in PAGES_FOLDER.glob("*.md")} == set(ORDER)


@pytest.mark.parametrize("slug", ["nothing", "..", "%2e%2e%2fsite", "privacy.md", "privacy%00"])
def test_a_page_that_is_not_there_is_not_looked_for_among_the_files(stranger: FlaskClient, slug: str) -> None:
    assert stranger.get(f"/pages/{slug}").status_code == 404


def test_the_contact_page_says_so_while_its_address_reaches_nobody(stranger: FlaskClient) -> None:
    assert "placeholder that reaches nobody" in stranger.get("/pages/contact").text


def test_the_contact_address_of_the_installation_is_shown_once_it_is_set(tmp_path: Path) -> None:
    page = make_app(tmp_path, CONTACT_EMAIL="carol@learn.test").test_client().get("/pages/contact")
    assert 'href="mailto:carol@learn.test"' in page.text
    assert "placeholder" not in page.text


def test_a_page_file_without_title_or_date_is_refused() -> None:
    with pytest.raises(ValueError, match=r"privacy\.md begins with"):
        read_standing_page("privacy", "Privacy\n\nNo date.")


def test_the_page_on_credit_shows_the_constants_and_the_sample_that_the_software_works_with(
    stranger: FlaskClient,
) -> None:
    data = YAML(typ="safe").load((ROOT / "questions" / "credit.yaml").read_text("utf-8"))
    method = Methods.model_validate(data).methods["mergener"]
    text = stranger.get("/pages/how-credit-is-worked-out").text
    formula = (
        f"minutes = {method.scale} × (−{-method.base} + {method.word} × words + {method.item} × questions"
        f" + {method.level} × difficulty)"
    )
    assert formula in text
    sample = work_out(method, words=3774, items=16, difficulty=Decimal("2.5"))
    assert f"{sample.minutes} minutes" in text
    assert f"{sample.hours} contact hours" in text


def test_an_error_says_what_to_do_and_shows_the_number_of_the_request(stranger: FlaskClient) -> None:
    page = stranger.get("/nowhere", headers={"X-Request-ID": "alice-asked-0001"})
    assert page.status_code == 404
    assert "alice-asked-0001" in page.text
    assert 'href="/"' in page.text
    assert "Back button" not in page.text


def test_after_a_refused_form_the_page_says_how_to_get_back_what_was_entered(stranger: FlaskClient) -> None:
    page = stranger.post("/pages/privacy", data={"anything": "typed"})
    assert page.status_code in {400, 405}
    assert "Back button brings you to the form again" in page.text


def test_the_process_is_up_and_ready_on_a_migrated_database(stranger: FlaskClient) -> None:
    assert stranger.get("/healthz").get_json() == {"status": "up"}
    ready = stranger.get("/readyz")
    assert (ready.status_code, ready.get_json()) == (200, {"status": "ready"})


def test_without_a_database_the_process_is_up_but_not_ready(tmp_path: Path) -> None:
    client = make_app(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite3'}").test_client()
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["reason"] == "The database does not answer."


def test_a_database_behind_the_code_is_not_ready(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    with app.app_context():
        db.create_all()
        readiness = check_readiness("0042")
    assert not readiness.is_ready
    assert "0042" in readiness.reason
    assert app.test_client().get("/readyz").status_code == 503


def test_search_engines_may_list_what_everybody_may_see_and_nothing_else(stranger: FlaskClient) -> None:
    page = stranger.get("/robots.txt")
    assert page.mimetype == "text/plain"
    lines = page.text.splitlines()
    assert "Allow: /$" in lines
    assert "Allow: /pages/" in lines
    assert lines[-1] == "Disallow: /"


class Person:
    def __init__(self, *roles: str) -> None:
        self.roles = frozenset(roles)


@pytest.mark.parametrize(
    ("roles", "names"),
    [(("learner",), ["Learn", "Progress"]), (("learner", "admin"), ["Learn", "Progress", "Admin"])],
)
def test_only_administrators_are_shown_the_way_to_the_admin_page(
    site_app: Flask, roles: tuple[str, ...], names: list[str]
) -> None:
    with site_app.test_request_context("/"):
        g._login_user = Person(*roles)
        assert [name for _, name, _ in nav_links()] == names
