"""Client that resolves tags in an image registry (OCI Distribution Specification 1.1).

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md; tokens as in
https://distribution.github.io/distribution/spec/auth/token/.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError, GovernanceError

_wrong = GovernanceError.advising(
    "check the reference, the network and the login; nothing was edited"
)

Credentials = Callable[[str], tuple[str, str] | None]
"""Returns user and password of a registry's host, or ``None`` for anonymous access."""

_INDEXES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_IMAGES: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_LARGEST: Final = 4 << 20  # bytes; the specification recommends that registries accept this size
_MOST_PAGES: Final = 50
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_LOCAL: Final = frozenset({"127.0.0.1", "localhost"})
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=30)
_RETRIES: Final = urllib3.Retry(
    total=3, backoff_factor=1, status_forcelist=(429, 502, 503, 504), raise_on_status=False
)
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')
_NEXT: Final = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
_VERSION: Final = re.compile(r"v?\d+(?:\.\d+){0,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The manifest that a tag names.

    Attributes:
        digest: ``sha256:`` of the bytes that were read.
        platforms: Digest by ``os/architecture``; empty for a single image.
    """

    digest: str
    platforms: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class ImageRegistry:
    """Read-only client for manifests and tags.

    Attributes:
        credentials: Credentials by host.
    """

    credentials: Credentials = lambda _: None
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(timeout=_TIMEOUT, retries=_RETRIES)
    )
    _authorizations: dict[str, str] = field(default_factory=dict)

    def manifest(self, repository: str, tag: str) -> Manifest:
        """Return the manifest that a tag names; its digest is computed from the bytes.

        Args:
            repository: ``host/name``.
            tag: Tag of the repository.

        Raises:
            GovernanceError: There is none, or the registry's digest header differs.
        """
        headers = {"Accept": ", ".join((*_INDEXES, *_IMAGES))}
        answer = self._get(repository, f"manifests/{tag}", headers)
        digest = f"sha256:{hashlib.sha256(answer.data).hexdigest()}"
        said = answer.headers.get("Docker-Content-Digest", digest)
        if said != digest:
            raise _wrong(f"{repository}:{tag}", f"{digest}, called {said}", "one digest")
        return Manifest(digest=digest, platforms=_platforms(_json(answer, f"{repository}:{tag}")))

    def newest(self, repository: str) -> str:
        """Return the tag with the highest version, such as 1.10.0 or v2.

        Raises:
            GovernanceError: No tag is a version, or the registry does not respond.
        """
        tags: list[str] = []
        path = "tags/list?n=1000"
        for _ in range(_MOST_PAGES):
            answer = self._get(repository, path, {})
            tags += _tags(_json(answer, f"tags of {repository}"))
            following = _NEXT.search(answer.headers.get("Link", ""))
            if following is None:
                break
            path = f"tags/list?{urlsplit(following[1]).query}"
        else:
            raise _wrong(f"tags of {repository}", f"over {_MOST_PAGES} pages", "fewer, or --tag")
        versions = [tag for tag in tags if _VERSION.fullmatch(tag)]
        if not versions:
            raise _wrong(f"tags of {repository}", f"{sorted(tags)[:5]}", "a version such as 1.4.0")
        return max(versions, key=lambda tag: (_numbers(tag), tag))

    def _get(
        self, repository: str, path: str, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        host, _, name = repository.partition("/")
        url = f"{_scheme(host)}://{host}/v2/{name}/{path}"
        answer = self._ask(url, {**headers, **self._authorized(repository)})
        if answer.status == _UNAUTHORIZED and repository not in self._authorizations:
            challenge = answer.headers.get("WWW-Authenticate", "")
            self._authorizations[repository] = self._authorization(repository, challenge)
            answer = self._ask(url, {**headers, **self._authorized(repository)})
        if answer.status != _OK:
            raise _wrong(f"{repository} {path}", f"status {answer.status}", "status 200")
        return answer

    def _authorized(self, repository: str) -> dict[str, str]:
        held = self._authorizations.get(repository)
        return {"Authorization": held} if held else {}

    def _authorization(self, repository: str, challenge: str) -> str:
        """Return the ``Authorization`` for a challenge: Basic, or a Bearer token from its realm."""
        host, _, name = repository.partition("/")
        login = self.credentials(host)
        basic = f"Basic {_encoded(login)}" if login else ""
        kind, _, rest = challenge.partition(" ")
        if kind.lower() == "basic" and basic:
            return basic
        said = dict(_CHALLENGE.findall(rest))
        realm = said.get("realm", "")
        if kind.lower() != "bearer" or not _is_private(realm):
            raise _wrong(
                repository, f"the challenge {challenge!r}", "credentials for this registry"
            )
        asked = {key: said[key] for key in ("service",) if key in said}
        query = urlencode({**asked, "scope": said.get("scope", f"repository:{name}:pull")})
        answer = self._ask(urljoin(realm, f"?{query}"), {"Authorization": basic} if basic else {})
        if answer.status != _OK:
            raise _wrong(f"token for {repository}", f"status {answer.status}", "status 200")
        value = _json(answer, f"token for {repository}")
        token = value.get("token") or value.get("access_token")
        if not isinstance(token, str):
            raise _wrong(f"token for {repository}", "none in the answer", "a token")
        return f"Bearer {token}"

    def _ask(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Read at most the largest manifest; redirects are refused: they would get credentials."""
        try:
            answer = self._pool.request(
                "GET", url, headers=headers, preload_content=False, redirect=False
            )
            try:
                data = answer.read(_LARGEST + 1)
            finally:
                answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise _wrong(url, type(error).__name__, "an answer of the registry") from error
        if len(data) > _LARGEST:
            raise _wrong(url, f"over {_LARGEST} bytes", "a manifest or a list of tags")
        return urllib3.HTTPResponse(body=data, headers=answer.headers, status=answer.status)


def _platforms(value: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in value.get("manifests", ()):
        platform = item.get("platform", {})
        name = f"{platform.get('os')}/{platform.get('architecture')}"
        if name in found:  # several variants of one platform (arm/v6, arm/v7): ambiguous
            found[name] = ""
        elif isinstance(item.get("digest"), str):
            found[name] = item["digest"]
    return found


def _tags(value: Mapping[str, Any]) -> list[str]:
    return [str(tag) for tag in value.get("tags") or ()]


def _json(answer: urllib3.BaseHTTPResponse, what: str) -> dict[str, Any]:
    try:
        value = read_json(answer.data.decode(), name=what, max_bytes=_LARGEST)
    except (UnicodeDecodeError, DocumentError):
        value = None
    if not isinstance(value, dict):
        raise _wrong(what, "something else", "a JSON object")
    return value


def _numbers(tag: str) -> tuple[int, ...]:
    return tuple(map(int, tag.removeprefix("v").split(".")))


def _scheme(host: str) -> str:
    return "http" if host.partition(":")[0] in _LOCAL else "https"


def _is_private(url: str) -> bool:
    """Return whether credentials can be sent there: HTTPS, or the local host."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)


def _encoded(login: tuple[str, str]) -> str:
    return base64.b64encode(":".join(login).encode()).decode()
