"""Static files: in memory, each compressed once, and for a year under an address that changes with its content."""

import gzip
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
from flask import Flask
from markupsafe import Markup
from werkzeug.datastructures import Accept
from werkzeug.exceptions import MethodNotAllowed, RequestedRangeNotSatisfiable
from werkzeug.http import parse_accept_header, parse_range_header
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
"""What is served, by the end of its name. A table of our own: that of the operating system differs between machines."""

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=10),  # 11 takes three times as long for 2 % less
    "gzip": lambda body: gzip.compress(body, 9, mtime=0),
}
"""By content coding, the smallest result first."""

LASTING = "public, max-age=31536000, immutable"
SHORT = "public, max-age=60"
CONDITIONS = frozenset(
    {"HTTP_RANGE", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"}
)

Headers = list[tuple[str, str]]


@lru_cache(maxsize=64)  # browsers send few different ones
def choose_coding(accepted: str) -> str:
    """The best content coding that an Accept-Encoding header admits; empty for none."""
    wanted = parse_accept_header(accepted, Accept)
    return next((coding for coding in COMPRESSORS if wanted.quality(coding) > 0), "")


class StaticFile:
    """One file as a WSGI application. A compressed form is made when it is first asked for, and then kept."""

    def __init__(self, path: Path) -> None:
        self.body = path.read_bytes()
        self.hash = sha256(self.body).hexdigest()[:10]
        self.type = TYPES[path.suffix]
        self.query = f"v={self.hash}"
        self.forms: dict[str, tuple[bytes, Headers, Headers]] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        coding = choose_coding(environ.get("HTTP_ACCEPT_ENCODING", ""))
        if coding not in self.forms:  # two threads at once would do the same work twice, no more
            self.forms[coding] = self._make_form(coding)
        body, lasting, short = self.forms[coding]
        headers = lasting if environ.get("QUERY_STRING") == self.query else short
        if environ["REQUEST_METHOD"] == "GET":  # the two usual answers, without what Response costs
            if CONDITIONS.isdisjoint(environ):
                start_response("200 OK", headers.copy())
                return [body]
            if ("ETag", environ.get("HTTP_IF_NONE_MATCH")) in headers:
                start_response("304 Not Modified", [each for each in headers if not each[0].startswith("Content-")])
                return []
        return _answer_with_care(body, headers, environ)(environ, start_response)

    def _make_form(self, coding: str) -> tuple[bytes, Headers, Headers]:
        """The body in this coding, its headers at the address with the content's hash, and those at any other."""
        body = COMPRESSORS[coding](self.body) if coding else self.body
        headers = [
            ("Content-Type", self.type),
            ("Content-Length", str(len(body))),
            ("ETag", f'"{self.hash}-{coding}"' if coding else f'"{self.hash}"'),  # one each: RFC 9110, 8.8.3.3
            ("Vary", "Accept-Encoding"),
            ("X-Content-Type-Options", "nosniff"),
            *([("Content-Encoding", coding)] if coding else []),
        ]
        return body, [*headers, ("Cache-Control", LASTING)], [*headers, ("Cache-Control", SHORT)]


def _answer_with_care(body: bytes, headers: Headers, environ: "WSGIEnvironment") -> "WSGIApplication":
    """Answer HEAD, ranges, and who asks whether their copy is still good (304)."""
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return MethodNotAllowed(["GET", "HEAD"])
    part = parse_range_header(environ.get("HTTP_RANGE")) if environ["REQUEST_METHOD"] == "GET" else None
    is_part = part is not None and part.units == "bytes" and len(part.ranges) == 1  # any other wish: the whole file
    response = Response(body, headers=headers)
    try:
        return response.make_conditional(environ, accept_ranges=is_part, complete_length=len(body))
    except RequestedRangeNotSatisfiable as refusal:
        return refusal


class StaticFiles:
    """Answers for the files and hands on everything else. It stands before Flask: files are asked for most often."""

    def __init__(self, inner: "WSGIApplication", paths: dict[str, Path], is_fresh: bool) -> None:
        """`paths` by URL. With `is_fresh` a file is read again each time, for whoever is working on it."""
        self.inner = inner
        self.paths = paths
        self.is_fresh = is_fresh
        self.files = {url: StaticFile(path) for url, path in paths.items()}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        file = self.find(environ.get("PATH_INFO", ""))
        return (file or self.inner)(environ, start_response)

    def find(self, url: str) -> StaticFile | None:
        """The file with this URL, going by its path alone."""
        if self.is_fresh and url in self.paths:
            return StaticFile(self.paths[url])
        return self.files.get(url)


def init_assets(app: Flask, extra: dict[str, Path]) -> None:
    """Serve the files, and give templates `asset(name)` and `icon(name)`. `extra` has by name what lies elsewhere.

    Addresses and icons are worked out once per name: a page asks for them a hundred times.
    """
    folder, prefix = Path(app.static_folder or ""), app.static_url_path or ""
    own = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.suffix in TYPES}
    paths = {f"{prefix}/{name}": path for name, path in (own | extra).items()}
    served = StaticFiles(app.wsgi_app, paths, is_fresh=app.debug)
    app.wsgi_app = served  # type: ignore[method-assign]
    addresses: dict[str, str] = {}
    icons: dict[str, Markup] = {}

    def asset(name: str) -> str:
        if name not in addresses or app.debug:
            file = served.find(f"{prefix}/{name}")
            if file is None:
                raise LookupError(f"there is no static file {name}")
            addresses[name] = f"{prefix}/{name}?v={file.hash}"
        return addresses[name]

    def icon(name: str) -> Markup:
        if name not in icons or app.debug:
            icons[name] = Markup('<svg class="ico" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
                asset("icons.svg"), name
            )
        return icons[name]

    app.jinja_env.globals |= {"asset": asset, "icon": icon}
