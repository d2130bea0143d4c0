"""Output of a plugin process as messages for the engine."""

import os
import queue
import threading
from collections.abc import Iterator
from typing import IO

from pulumi.runtime.proto import language_pb2 as language

_CHUNK_BYTES = 65_536


class Output:
    """Collects output from several threads and yields it in order of arrival."""

    def __init__(self) -> None:
        """Start without messages."""
        self._messages: queue.SimpleQueue[language.RunPluginResponse | None] = queue.SimpleQueue()

    def stdout(self, data: bytes) -> None:
        """Forward `data` as standard output."""
        self._messages.put(language.RunPluginResponse(stdout=data))

    def stderr(self, data: bytes) -> None:
        """Forward `data` as standard error."""
        self._messages.put(language.RunPluginResponse(stderr=data))

    def finish(self, code: int | None) -> None:
        """End the stream, with the process's exit code if there is one."""
        if code is not None:
            self._messages.put(language.RunPluginResponse(exitcode=code))
        self._messages.put(None)

    def pump(self, stream: IO[bytes], *, error: bool) -> threading.Thread:
        """Forward `stream` to its end, in a new thread."""
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
