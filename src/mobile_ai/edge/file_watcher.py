"""A mounted JSON file that may change while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from mobile_ai.contracts.schema_errors import schema_problem

Content = TypeVar("Content", bound=BaseModel)
_MAX_BYTES: Final = 1_000_000


class FileError(ValueError):
    """Raised when a file cannot be used; the message states why."""


class Watched(Generic[Content]):
    """A JSON file and its validated content.

    Attributes:
        path: Path of the file.
        content: Last valid content; ``None`` if it has never existed.
        errors: Number of changes to invalid content.
    """

    def __init__(self, path: Path, model: type[Content], *, optional: bool = False) -> None:
        """Read the file for the first time.

        Args:
            path: Path of the file.
            model: Model of its content.
            optional: True if it may be created later.

        Raises:
            FileError: If it cannot be read or is invalid.
        """
        self.path, self._model = path, model
        self.errors = 0
        self._stamp = self._look()
        absent = optional and self._stamp is None
        self.content: Content | None = None if absent else self._read()

    def poll(self) -> bool:
        """Read the file again if it changed; invalid content leaves the last one in force.

        Returns:
            True if there is new content.

        Raises:
            FileError: If it changed into something invalid; raised once for each change.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self.content = self._read()
        except FileError:
            self.errors += 1
            raise
        return True

    def _look(self) -> tuple[int, int, int] | None:
        # Kubernetes updates a mounted ConfigMap or Secret by switching a symlink: a new inode.
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> Content:
        try:
            with self.path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise FileError(f"{self.path}: got {error.strerror}; expected a file") from error
        if len(data) > _MAX_BYTES:
            raise FileError(f"{self.path}: got more than {_MAX_BYTES} bytes; expected fewer")
        try:
            return self._model.model_validate_json(data)
        except ValidationError as error:
            first = schema_problem(error)  # values may be keys of clients: they are not shown
            where = first.place or "content"
            raise FileError(f"{self.path}: {where}: expected {first.expected}") from error
