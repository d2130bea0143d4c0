"""What a plugin process says, as the messages in which it goes to the engine."""

import os
import queue
import threading
from collections.abc import Iterator
from typing import IO

from pulumi.runtime.proto import language_pb2 as language

__all__ = ["Output"]

_CHUNK_BYTES = 65_536


class Output:
    """Collects output from several threads and yields it in order of arrival."""

    def __init__(self) -> None:
        """Start with none."""
        self._messages: queue.SimpleQueue[language.RunPluginResponse | None] = queue.SimpleQueue()

    def stdout(self, data: bytes) -> None:
        """Pass on `data` as standard output."""
        self._messages.put(language.RunPluginResponse(stdout=data))

    def stderr(self, data: bytes) -> None:
        """Pass on `data` as standard error."""
        self._messages.put(language.RunPluginResponse(stderr=data))

    def finish(self, code: int | None) -> None:
        """End the stream, with an exit code if a process had one."""
        if code is not None:
            self._messages.put(language.RunPluginResponse(exitcode=code))
        self._messages.put(None)

    def pump(self, stream: IO[bytes], *, error: bool) -> threading.Thread:
        """Pass on all of `stream` from a thread of its own, which ends with the stream."""
        target = self.stderr if error else self.stdout

        def run() -> None:
            while data := os.read(stream.fileno(), _CHUNK_BYTES):
                target(data)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def messages(self) -> Iterator[language.RunPluginResponse]:
        """Yield every message until the stream is finished."""
        while (message := self._messages.get()) is not None:
            yield message
