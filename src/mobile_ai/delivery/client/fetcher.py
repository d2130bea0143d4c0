"""Bounded HTTP client: no redirects, a deadline, a minimum speed, a maximum of attempts.

Slow retrieval and endless data are attacks that TUF 1.0.34, section 1.5.2 lists.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from typing import Final

import urllib3
from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient import FetcherInterface

from mobile_ai.delivery.client.limits import ClientLimits

_PIECE: Final = 64 * 1024  # bytes
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429
_REFUSED: Final = 300  # redirects too: a CDN of ours sends none


class Answer:
    """An open HTTP response: status, headers, and the body as a stream."""

    def __init__(self, response: urllib3.BaseHTTPResponse, limits: ClientLimits) -> None:
        """Wrap a response."""
        self._response, self._limits = response, limits
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    def pieces(self) -> Iterator[bytes]:
        """Yield the body.

        Raises:
            SlowRetrievalError: If it is slower than the limits allow, or exceeds the total time.
            DownloadError: If the connection breaks.
        """
        begun, received = time.monotonic(), 0
        try:
            while piece := self._response.read1(_PIECE):
                received += len(piece)
                self._check_speed(time.monotonic() - begun, received)
                yield piece
        except urllib3.exceptions.TimeoutError as error:
            raise SlowRetrievalError("no data within the timeout") from error
        except urllib3.exceptions.HTTPError as error:
            raise DownloadError(f"connection broke: {error}") from error
        finally:
            self._response.close()

    def _check_speed(self, seconds: float, received: int) -> None:
        limits = self._limits
        slow = received < limits.bytes_per_second * seconds and seconds > limits.grace_seconds
        if slow or seconds > limits.total_seconds:
            raise SlowRetrievalError(f"{received} bytes in {seconds:.0f} s")


class LimitedFetcher(FetcherInterface):
    """Fetcher of python-tuf's client and of target downloads.

    Attributes:
        requests: Requests made so far.
    """

    def __init__(self, limits: ClientLimits, *, agent: str = "mobile-ai-device") -> None:
        """Create the connection pool; no connection is opened yet."""
        self._limits = limits
        self._pool = urllib3.PoolManager(headers={"User-Agent": agent})
        self.requests = 0

    def open(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the response to a GET request, retried with backoff on server errors.

        Raises:
            DownloadHTTPError: If the last response is an error or a redirect.
            DownloadError: If there is no response.
        """
        pause = self._limits.pause_seconds
        for attempt in range(1, self._limits.attempts + 1):
            try:
                return self._once(url, headers or {})
            except DownloadHTTPError as error:
                passing = error.status_code >= _SERVER_ERROR or error.status_code == _TOO_MANY
                if not passing or attempt == self._limits.attempts:
                    raise
            except DownloadError:
                if attempt == self._limits.attempts:
                    raise
            # Jitter, so that devices do not all retry at once when the server recovers.
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311
            pause *= 2
        raise DownloadError(f"{_shown(url)}: no attempts allowed")

    def _once(self, url: str, headers: Mapping[str, str]) -> Answer:
        self.requests += 1
        timeout = urllib3.Timeout(self._limits.connect_seconds)
        try:
            response = self._pool.request(
                "GET",
                url,
                headers={**self._pool.headers, **headers},
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=timeout,
            )
        except urllib3.exceptions.TimeoutError as error:
            raise SlowRetrievalError(f"{_shown(url)}: no answer in time") from error
        except urllib3.exceptions.HTTPError as error:
            reason = str(error).replace(url.partition("?")[2] or "?", "...")
            raise DownloadError(f"{_shown(url)}: {reason}") from error
        if response.status >= _REFUSED:
            response.close()
            raise DownloadHTTPError(f"{_shown(url)}: status {response.status}", response.status)
        return Answer(response, self._limits)

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self.open(url).pieces()


def _shown(url: str) -> str:
    """Return an address without its query, which may carry an access signature."""
    return url.partition("?")[0]
