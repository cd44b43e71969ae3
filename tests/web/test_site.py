"""What strangers see: the landing page, the standing pages, errors, and the signs of life."""

import gzip
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from ruamel.yaml import YAML

from quizapp.app import init_migrations
from quizapp.domain.credit import Methods, work_out
from quizapp.services import accounts
from quizapp.services.health import check_readiness
from quizapp.store.db import db
from quizapp.web.site import ORDER, PAGES_FOLDER, read_standing_page
from tests.conftest import MakeApp
from tests.people import ZONE, Clock

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty_app(make_app: MakeApp, tmp_path: Path) -> Flask:
    """An installation without any course and without anybody in it, migrated to the newest state."""
    app = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with app.app_context():
        init_migrations(app).upgrade()
    return app


def test_the_landing_page_offers_an_account_and_signing_in(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.text.count("btn-primary") == 1
    assert "Create an account" in page.text
    assert "Sign in" in page.text


def test_the_landing_page_shows_a_band_for_each_objective_of_each_module(client: FlaskClient) -> None:
    text = client.get("/").text
    assert "Marbles that roll" in text
    assert text.index("Marbles that roll") < text.index("Marbles that are lost")
    assert text.count("<li></li>") == 4
    assert text.count("2 objectives") == 2
    assert "contact hours" in text
    assert "approved by no body yet" in text


def test_the_landing_page_of_an_empty_installation_says_what_publishes_a_course(empty_app: Flask) -> None:
    assert "flask modules publish" in empty_app.test_client().get("/").text


def test_the_demo_learner_is_offered_only_where_demo_people_live(empty_app: Flask, clock: Clock) -> None:
    client = empty_app.test_client()
    assert "demo learner" not in client.get("/").text
    with empty_app.app_context():
        accounts.add_demo_people(zone=ZONE, now=clock())
    assert "Try it as the demo learner" in client.get("/").text
    empty_app.config["PUBLIC_URL"] = "https://learn.example"
    assert "demo learner" not in client.get("/").text


def test_somebody_who_is_signed_in_is_taken_to_their_learning(alice: FlaskClient) -> None:
    page = alice.get("/")
    assert (page.status_code, page.location) == (302, "/learn/")


@pytest.mark.parametrize("slug", ORDER)
def test_a_standing_page_has_one_heading_and_the_date_it_was_last_reviewed(client: FlaskClient, slug: str) -> None:
    page = client.get(f"/pages/{slug}")
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert re.search(r'Last reviewed <time datetime="20\d\d-\d\d-\d\d">', page.text)
    assert "{contact}" not in page.text


def test_every_standing_page_is_in_the_footer(client: FlaskClient) -> None:
    footer = client.get("/").text.split("<footer")[1]
    assert re.findall(r'href="/pages/([a-z-]+)"', footer) == list(ORDER)
    assert {path.stem for path in PAGES_FOLDER.glob("*.md")} == set(ORDER)


@pytest.mark.parametrize("slug", ["nothing", "..", "%2e%2e%2fsite", "privacy.md", "privacy%00"])
def test_a_page_that_is_not_there_is_not_looked_for_among_the_files(client: FlaskClient, slug: str) -> None:
    assert client.get(f"/pages/{slug}").status_code == 404


def test_the_contact_page_says_so_while_its_address_reaches_nobody(client: FlaskClient) -> None:
    assert "placeholder that reaches nobody" in client.get("/pages/contact").text


def test_the_contact_address_of_the_installation_is_shown_once_it_is_set(make_app: MakeApp) -> None:
    page = make_app(CONTACT_EMAIL="carol@learn.test").test_client().get("/pages/contact")
    assert 'href="mailto:carol@learn.test"' in page.text
    assert "placeholder" not in page.text


def test_a_page_file_without_title_or_date_is_refused() -> None:
    with pytest.raises(ValueError, match=r"privacy\.md begins with"):
        read_standing_page("privacy", "Privacy\n\nNo date.")


def test_the_page_on_credit_shows_the_constants_and_the_sample_that_the_software_works_with(
    client: FlaskClient,
) -> None:
    data = YAML(typ="safe").load((ROOT / "questions" / "credit.yaml").read_text("utf-8"))
    method = Methods.model_validate(data).methods["mergener"]
    text = client.get("/pages/how-credit-is-worked-out").text
    formula = (
        f"minutes = {method.scale} × (−{-method.base} + {method.word} × words + {method.item} × questions"
        f" + {method.level} × difficulty)"
    )
    assert formula in text
    sample = work_out(method, words=3774, items=16, difficulty=Decimal("2.5"))
    assert f"{sample.minutes} minutes" in text
    assert f"{sample.hours} contact hours" in text


def test_an_error_says_what_to_do_and_shows_the_number_of_the_request(client: FlaskClient) -> None:
    page = client.get("/nowhere", headers={"X-Request-ID": "alice-asked-0001"})
    assert page.status_code == 404
    assert "alice-asked-0001" in page.text
    assert 'href="/"' in page.text
    assert "Back button" not in page.text


def test_after_a_refused_form_the_page_says_how_to_get_back_what_was_entered(client: FlaskClient) -> None:
    page = client.post("/pages/privacy", data={"anything": "typed"})
    assert page.status_code in {400, 405}
    assert "Back button brings you to the form again" in page.text


def test_without_a_database_the_process_is_up_but_not_ready(make_app: MakeApp, tmp_path: Path) -> None:
    client = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'no' / 'folder.sqlite3'}").test_client()
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["reason"] == "The database does not answer."


def test_a_database_behind_the_code_is_not_ready(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'unmigrated.sqlite3'}")
    with app.app_context():
        db.create_all()
        readiness = check_readiness("0042")
    assert not readiness.is_ready
    assert "0042" in readiness.reason
    assert app.test_client().get("/readyz").status_code == 503


@pytest.mark.each_database
def test_a_database_at_the_newest_migration_is_ready(client: FlaskClient) -> None:
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()) == (200, {"status": "ready"})


def test_while_the_database_is_away_a_signed_in_person_is_told_that_nothing_was_lost(
    alice: FlaskClient, app: Flask, tmp_path: Path
) -> None:
    with app.app_context():
        db.engine.dispose()
    (tmp_path / "test.sqlite3").rename(tmp_path / "away.sqlite3")
    (tmp_path / "test.sqlite3").mkdir()  # else SQLite would begin a new file
    page = alice.get("/learn/")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "30"
    assert "what was saved stays saved" in page.text
    assert alice.get("/nowhere").status_code == 404
    assert alice.get("/healthz").status_code == 200


def test_search_engines_may_list_what_everybody_may_see_and_nothing_else(
    client: FlaskClient, alice: FlaskClient
) -> None:
    page = client.get("/robots.txt")
    assert (page.mimetype, page.text) == ("text/plain", "User-agent: *\nDisallow:\n")
    for listed in ("/", *(f"/pages/{slug}" for slug in ORDER)):
        assert "X-Robots-Tag" not in client.get(listed).headers
    for path in ("/accounts/sign-in", "/accounts/register", "/learn/", "/quiz/attempts/1", "/offline/", "/pages/none"):
        assert client.get(path).headers["X-Robots-Tag"] == "noindex", path
    assert "X-Robots-Tag" not in alice.get("/learn/").headers


def test_only_administrators_are_shown_the_way_to_the_admin_page(alice: FlaskClient, carol: FlaskClient) -> None:
    assert 'href="/admin/jobs"' not in alice.get("/pages/privacy").text
    assert 'href="/admin/jobs"' in carol.get("/pages/privacy").text


@pytest.mark.parametrize(("accepted", "coding"), [("gzip, br", "br"), ("gzip", "gzip"), ("gzip;q=0", None), ("", None)])
def test_a_page_comes_in_the_best_coding_that_the_browser_takes(
    client: FlaskClient, accepted: str, coding: str | None
) -> None:
    page = client.get("/", headers={"Accept-Encoding": accepted})
    unpack: Any = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert page.headers.get("Content-Encoding") == coding
    assert int(page.headers["Content-Length"]) == len(page.data)
    assert "Accept-Encoding" in page.headers["Vary"]
    assert b"</html>" in unpack(page.data)


@pytest.mark.each_database
@pytest.mark.parametrize("number", ["2147483648", "99999999999999999999"])
def test_a_number_that_no_row_can_have_is_not_there(alice: FlaskClient, number: str) -> None:
    for place in (number, f"{number}/result", f"1/questions/{number}"):
        address = f"/quiz/attempts/{place}"
        assert alice.get(address).status_code == 404


@pytest.mark.each_database
def test_a_character_that_nobody_can_type_is_refused(alice: FlaskClient) -> None:
    for address in ("/learn/courses/%00", "/notes/%00/x", "/learn/modules/first%00"):
        assert alice.get(address).status_code == 404
    assert alice.post("/accounts/demo", data={"email": "a\0b"}).status_code == 400
