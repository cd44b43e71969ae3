"""Static files: compressed once, for a year under the address with their content's hash, and right in every form."""

import gzip
import re
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import NotFound
from werkzeug.test import Client

from quizapp.app import BOOTSTRAP
from quizapp.web.assets import StaticFile, StaticFiles

FOLDER = Path(__file__).parents[2] / "quizapp" / "static"
OWN = sorted(path.name for path in FOLDER.iterdir())
THEME = (FOLDER / "theme.css").read_bytes()
BROWSER = "gzip, deflate, br, zstd"
UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}


def address(app: Flask, name: str) -> str:
    """The address that pages give: with the hash of the content."""
    with app.test_request_context():
        return str(app.jinja_env.globals["asset"](name))  # type: ignore[operator]


@pytest.fixture
def theme(app: Flask) -> str:
    return address(app, "theme.css")


@pytest.mark.parametrize("name", [*OWN, "bootstrap/bootstrap.min.css"])
@pytest.mark.parametrize(
    ("accepted", "coding"), [("", None), ("identity", None), ("gzip, deflate", "gzip"), (BROWSER, "br")]
)
def test_every_file_comes_as_the_browser_takes_it_and_unpacks_to_itself(
    app: Flask, client: FlaskClient, name: str, accepted: str, coding: str | None
) -> None:
    answer = client.get(address(app, name), headers={"Accept-Encoding": accepted})
    path = FOLDER / name if name in OWN else BOOTSTRAP
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == coding
    assert UNPACK[coding](answer.data) == path.read_bytes()
    assert answer.content_length == len(answer.data)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    assert answer.mimetype == kinds[path.suffix]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br;q=0, gzip;q=0.1", "gzip"), ("br;q=0, *", "gzip"), ("*;q=0", None), ("GZIP", "gzip"), ("zstd", None),
        ("gzipped", None), ("gzip;q=nonsense", None), (", ,;q=1,", None),
    ],
)  # fmt: skip
def test_a_coding_that_is_refused_or_unknown_is_not_sent(
    client: FlaskClient, theme: str, accepted: str, coding: str | None
) -> None:
    answer = client.get(theme, headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding
    assert UNPACK[coding](answer.data) == THEME


def test_an_address_with_the_right_hash_lasts_a_year_and_any_other_a_minute(client: FlaskClient, theme: str) -> None:
    assert client.get(theme).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    bare = theme.partition("?")[0]
    for other in (bare, f"{bare}?v=0123456789", f"{theme}0", f"{theme}&a=b"):
        answer = client.get(other)
        assert answer.data == THEME
        assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_who_has_the_file_is_told_so_in_no_bytes(client: FlaskClient, theme: str) -> None:
    tag = client.get(theme, headers={"Accept-Encoding": BROWSER}).headers["ETag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        answer = client.get(theme, headers={"Accept-Encoding": BROWSER, "If-None-Match": known})
        assert (answer.status_code, answer.data) == (304, b"")
        assert (answer.headers["ETag"], answer.headers["Vary"]) == (tag, "Accept-Encoding")
        assert "immutable" in answer.headers["Cache-Control"]
    assert client.get(theme, headers={"Accept-Encoding": BROWSER, "If-None-Match": '"other"'}).status_code == 200


def test_each_form_of_a_file_has_a_tag_of_its_own(client: FlaskClient, theme: str) -> None:
    tags = {client.get(theme, headers={"Accept-Encoding": each}).headers["ETag"] for each in ("", "gzip", "br")}
    assert len(tags) == 3
    assert all(re.fullmatch(r'"[\w-]+"', tag) for tag in tags)


@pytest.mark.parametrize("accepted", ["", "gzip"])
@pytest.mark.parametrize("asked", ["bytes=0-0", "bytes=10-29", "bytes=-5", "bytes=20-", "bytes=20-99999999"])
def test_a_part_is_the_part_that_was_asked_for(client: FlaskClient, theme: str, accepted: str, asked: str) -> None:
    whole = client.get(theme, headers={"Accept-Encoding": accepted}).data
    part = client.get(theme, headers={"Accept-Encoding": accepted, "Range": asked})
    first, last = re.fullmatch(r"bytes=(\d*)-(\d*)", asked).groups()  # type: ignore[union-attr]
    expected = whole[int(first) : int(last or len(whole)) + 1] if first else whole[-int(last) :]
    assert part.status_code == 206
    assert part.data == expected
    assert part.headers["Content-Range"].endswith(f"/{len(whole)}")


def test_a_part_beyond_the_end_is_refused_and_any_other_wish_is_answered_in_full(
    client: FlaskClient, theme: str
) -> None:
    beyond = client.get(theme, headers={"Range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(THEME)}")
    for wish in ("lines=1-2", "bytes=a-b", "bytes=", "none", "bytes=0-1,5-6"):
        answer = client.get(theme, headers={"Range": wish})
        assert (answer.status_code, answer.data) == (200, THEME)


def test_a_download_goes_on_only_with_the_file_it_began_with(client: FlaskClient, theme: str) -> None:
    tag = client.get(theme).headers["ETag"]
    assert client.get(theme, headers={"Range": "bytes=5-", "If-Range": tag}).status_code == 206
    assert client.get(theme, headers={"Range": "bytes=5-", "If-Range": '"of-yesterday"'}).data == THEME
    gzipped = {"Accept-Encoding": "gzip", "Range": "bytes=5-", "If-Range": tag}
    assert client.get(theme, headers=gzipped).status_code == 200


def test_asking_for_the_head_gets_the_same_headers_without_the_file(client: FlaskClient, theme: str) -> None:
    for accepted in ("", "gzip", "br"):
        head = client.head(theme, headers={"Accept-Encoding": accepted})
        body = client.get(theme, headers={"Accept-Encoding": accepted})
        assert (head.status_code, head.data) == (200, b"")
        assert dict(head.headers).items() >= dict(body.headers).items()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_file_can_only_be_read(client: FlaskClient, theme: str, method: str) -> None:
    answer = client.open(theme, method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path", ["", "nothing.css", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "theme.css%00", "bootstrap/"]
)
def test_nothing_but_the_files_is_there(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_a_file_is_compressed_once_and_no_other_form_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_bytes(THEME)
    file = StaticFile(tmp_path / "a.css")
    sent: dict[str, set[int]] = {}
    for i in range(60):
        accepted = ("gzip", "br", f"gzip, x-{i}", f"br;q=0.{i}1", "", f"x-{i}")[i % 6]
        environ = {"REQUEST_METHOD": "GET", "QUERY_STRING": f"v={i}", "HTTP_ACCEPT_ENCODING": accepted}
        (body,) = file(environ, lambda *_: print)
        sent.setdefault(accepted, set()).add(id(body))
    assert all(len(bodies) == 1 for bodies in sent.values())
    assert len(set.union(*sent.values())) == 3
    assert file.forms.keys() == {"", "gzip", "br"}
    assert sum(len(body) for body, *_ in file.forms.values()) < 2 * len(THEME)


def test_somebody_who_works_on_a_file_sees_each_change_and_nobody_else_does(tmp_path: Path) -> None:
    path = tmp_path / "a.css"
    path.write_text("old")
    fresh, kept = (Client(StaticFiles(NotFound(), {"/a.css": path}, is_fresh=is_fresh)) for is_fresh in (True, False))
    assert fresh.get("/a.css").text == kept.get("/a.css").text == "old"
    path.write_text("new")
    assert (fresh.get("/a.css").text, kept.get("/a.css").text) == ("new", "old")
    assert fresh.get("/b.css").status_code == kept.get("/b.css").status_code == 404


def test_a_page_that_names_a_file_that_is_not_there_fails(app: Flask) -> None:
    with pytest.raises(LookupError, match=r"no static file nothing\.css"):
        address(app, "nothing.css")


def test_every_file_that_the_pages_name_is_served_under_its_hash(client: FlaskClient) -> None:
    addresses = set(re.findall(r'/static/[^"#]+', client.get("/").text))
    assert len(addresses) >= 4
    for each in addresses:
        assert "immutable" in client.get(each).headers["Cache-Control"], each
