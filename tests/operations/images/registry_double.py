"""A small image registry on loopback: manifests, paginated tags, tokens."""

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

__all__ = ["Contents", "image", "index", "serving", "sha256"]

LOGIN = ("reader", "a-password")
TOKEN = "a-token"  # of this double alone
INDEX = "application/vnd.oci.image.index.v1+json"


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def image(name: str) -> bytes:
    """Return the manifest of a made-up image."""
    media = "application/vnd.oci.image.manifest.v1+json"
    return json.dumps({"schemaVersion": 2, "mediaType": media, "name": name}).encode()


def index(name: str, *architectures: str) -> bytes:
    """Return an index of made-up images."""
    manifests = [
        {
            "digest": sha256(image(f"{name}-{architecture}")),
            "platform": {"os": "linux", "architecture": architecture},
        }
        for architecture in architectures
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).encode()


@dataclass
class Contents:
    """Content and behaviour of the registry.

    Attributes:
        manifests: By repository and tag.
        auth: Required authorization.
        lie: False digest in its header, if any.
        asked: Paths, and the kind of authorization.
    """

    manifests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    auth: Literal["none", "basic", "bearer", "elsewhere"] = "bearer"
    lie: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)


class _Handler(http.server.BaseHTTPRequestHandler):
    contents: Contents
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        kind = self.headers.get("Authorization", "").partition(" ")[0]
        self.contents.asked.append((self.path, kind))
        if parts.path == "/token":
            self._token(parse_qs(parts.query))
        elif not self._may():
            self._challenge()
        elif parts.path.endswith("/tags/list"):
            self._tags(parts.path, parse_qs(parts.query))
        else:
            self._manifest(parts.path)

    def _may(self) -> bool:
        given = self.headers.get("Authorization", "")
        basic = base64.b64encode(":".join(LOGIN).encode()).decode()
        wanted = {"none": "", "basic": f"Basic {basic}"}.get(self.contents.auth, f"Bearer {TOKEN}")
        return given == wanted or not wanted

    def _challenge(self) -> None:
        host = self.headers["Host"]
        realm = f"http://{host}/token"
        if self.contents.auth == "elsewhere":
            realm = "http://registry.example.com/token"
        bearer = f'Bearer realm="{realm}",service="here",scope="repository:x:pull"'
        said = 'Basic realm="here"' if self.contents.auth == "basic" else bearer
        self._send(401, b"{}", {"WWW-Authenticate": said})

    def _token(self, query: dict[str, list[str]]) -> None:
        good = query["service"] == ["here"] and query["scope"] == ["repository:x:pull"]
        basic = base64.b64encode(":".join(LOGIN).encode()).decode()
        good = good and self.headers.get("Authorization") == f"Basic {basic}"
        body = json.dumps({"token": TOKEN}).encode() if good else b"{}"
        self._send(200 if good else 401, body, {})

    def _tags(self, path: str, query: dict[str, list[str]]) -> None:
        name = path.removeprefix("/v2/").removesuffix("/tags/list")
        tags = [tag for repository, tag in self.contents.manifests if repository == name]
        at = int(query.get("last", ["0"])[0])
        more = {"Link": f'</v2/{name}/tags/list?last={at + 1}>; rel="next"'}
        body = json.dumps({"name": name, "tags": tags[at : at + 1]}).encode()
        self._send(200, body, more if at + 1 < len(tags) else {})

    def _manifest(self, path: str) -> None:
        repository, _, tag = path.removeprefix("/v2/").partition("/manifests/")
        data = self.contents.manifests.get((repository, tag))
        if data is None:
            self._send(404, b"{}", {})
            return
        self._send(200, data, {"Docker-Content-Digest": self.contents.lie or sha256(data)})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@contextmanager
def serving(contents: Contents) -> Iterator[str]:
    """Serve on a free port; provide ``host:port``."""

    handler = type("Handler", (_Handler,), {"contents": contents})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
