"""A caching proxy on loopback that behaves as a CDN edge: answers from memory where it may.

It keeps what the origin's `Cache-Control` allows, collapses concurrent requests into one to the
origin, caches a "not found" for ten seconds, and serves ranges of what it holds.
"""

import http.client
import http.server
import re
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from urllib.parse import urlsplit

_MAX_AGE = re.compile(r"max-age=(\d+)")
_NOT_FOUND_SECONDS = 10


@dataclass(frozen=True)
class _Kept:
    status: int
    data: bytes
    until: float


class CachingProxy:
    """A caching proxy between devices and an origin.

    Attributes:
        asked: Requests of devices, by status.
        sent: Bytes of bodies to devices.
        origin_requests: Requests to the origin, by path.
        origin_bytes: Bytes of bodies from the origin.
        now: Its clock, seconds; set by tests of expiry.
    """

    def __init__(self, origin):
        self._origin = urlsplit(origin).netloc
        self._kept, self._locks = {}, defaultdict(threading.Lock)
        self._count = threading.Lock()
        self.asked, self.origin_requests = Counter(), Counter()
        self.sent = self.origin_bytes = 0
        self.now = 0.0
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                proxy.answer(self)

            def log_message(self, *_):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler):
        """Answer one request of a device."""
        kept = self._get(handler.path)
        status, data, headers = kept.status, kept.data, {}
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if status == 200 and asked and int(asked[1]) < len(data):
            begin = int(asked[1])
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
            status, data = 206, data[begin:]
        with self._count:
            self.asked[status] += 1
            self.sent += len(data)
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(data)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        handler.wfile.write("\r\n".join([*lines, "", ""]).encode() + data)

    def _get(self, path):
        with self._count:
            lock = self._locks[path]
        with lock:  # the others wait for the one that asks the origin
            kept = self._kept.get(path)
            if kept is None or kept.until <= self.now:
                kept = self._kept[path] = self._fetch(path)
            return kept

    def _fetch(self, path):
        connection = http.client.HTTPConnection(self._origin, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        with self._count:
            self.origin_requests[path] += 1
            self.origin_bytes += len(data)
        age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        seconds = int(age[1]) if age else _NOT_FOUND_SECONDS if answer.status == 404 else 0
        return _Kept(answer.status, data, self.now + seconds)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512  # a fleet connects at once
