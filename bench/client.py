"""A learner's browser as far as the server can tell: one kept-alive connection, cookies, forms, redirects."""

import gzip
import http.client
import re
import time
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode, urlsplit

TOKEN = re.compile(r'name="csrf_token"[^>]*?value="([^"]+)"')


@dataclass(slots=True)
class Answer:
    """What came back last: after redirects, if they were followed."""

    status: int
    path: str
    text: str
    n_bytes: int


@dataclass
class Browser:
    """`log` gets (step, seconds) for each step and `n_requests` counts every request, redirects too."""

    host: str
    port: int
    log: list[tuple[str, float]] = field(default_factory=list)
    n_requests: int = 0
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=60)

    def step(
        self, name: str, method: str, path: str, data: list[tuple[str, str]] | None = None, *, accept: str = "text/html"
    ) -> Answer:
        """One step of a journey; redirects are followed. Raises where the server does not answer 2xx in the end."""
        started = time.perf_counter()
        answer = self._request(method, path, data, accept)
        while answer.status in {302, 303}:
            answer = self._request("GET", answer.path, None, accept)
        self.log.append((name, time.perf_counter() - started))
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{name}: {method} {path} answered {answer.status}: {answer.text[:300]}")
        found = TOKEN.search(answer.text)
        self.token = unescape(found[1]) if found else self.token
        return answer

    def _request(self, method: str, path: str, data: list[tuple[str, str]] | None, accept: str) -> Answer:
        headers = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": "Mozilla/5.0 (bench)"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        body = None
        if data is not None:
            body = urlencode([("csrf_token", self.token), *data])
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        self.n_requests += 1
        response = self.connection.getresponse()
        raw = response.read()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        where = response.headers.get("Location", path)
        parts = urlsplit(where)
        text = _unpack(raw, response.headers.get("Content-Encoding", ""))
        return Answer(response.status, parts.path + (f"?{parts.query}" if parts.query else ""), text, len(raw))


def _unpack(raw: bytes, encoding: str) -> str:
    return (gzip.decompress(raw) if encoding == "gzip" else raw).decode()
