"""A way to the server that is cut now and then: before it, behind it, or in the middle of its answer."""

import random
import socket
import socketserver
import threading
from collections import Counter
from contextlib import suppress

HOST = "127.0.0.1"
CUTS = ("before the server", "after the server", "in the answer")


class CuttingProxy(socketserver.ThreadingTCPServer):
    """Forwards HTTP on loopback to `port`; a share of the requests is cut off, as if the line had broken."""

    daemon_threads = True
    block_on_close = True
    request_queue_size = 64

    def __init__(self, port: int, share: float, rng: random.Random) -> None:
        super().__init__((HOST, 0), _Line)
        self.target = port
        self.share = share
        self.rng = rng
        self.cuts: Counter[str] = Counter()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def choose(self) -> str:
        """What happens to the next request; empty for nothing."""
        if self.rng.random() >= self.share:
            return ""
        cut = self.rng.choice(CUTS)
        self.cuts[cut] += 1
        return cut

    def __enter__(self) -> "CuttingProxy":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Line(socketserver.BaseRequestHandler):
    server: CuttingProxy

    def handle(self) -> None:
        with suppress(OSError), socket.create_connection((HOST, self.server.target), timeout=30) as behind:
            self.request.settimeout(30)
            for there in (self.request, behind):
                there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                asked = read_message(self.request)
                if not asked:
                    return
                cut = self.server.choose()
                if cut == "before the server":
                    return
                behind.sendall(asked)
                if cut == "after the server" and self.server.rng.random() < 0.5:
                    return  # the server finds the line dead when it wants to answer, or before
                answer = read_message(behind)
                if cut == "after the server" or not answer:
                    return
                if cut == "in the answer":
                    self.request.sendall(answer[: self._choose_end(answer)])
                    return
                self.request.sendall(answer)

    def _choose_end(self, answer: bytes) -> int:
        """In the first word or in the body: Python's client, unlike a browser, takes cut headers for whole ones."""
        body = answer.index(b"\r\n\r\n") + 4
        ends = [*range(5), *range(body, len(answer))]
        return int(self.server.rng.choice(ends))


def read_message(line: socket.socket) -> bytes:
    """One HTTP message with its body; empty when the other side has closed."""
    got = b""
    while b"\r\n\r\n" not in got:
        part = line.recv(65536)
        if not part:
            return b""
        got += part
    head, _, rest = got.partition(b"\r\n\r\n")
    length = 0
    for header in head.split(b"\r\n")[1:]:
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        part = line.recv(65536)
        if not part:
            return b""
        rest += part
    return head + b"\r\n\r\n" + rest
