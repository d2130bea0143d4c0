"""A mounted file that may change while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

__all__ = ["FileError", "Watched"]

Content = TypeVar("Content", bound=BaseModel)
_MAX_BYTES: Final = 1_000_000


class FileError(ValueError):
    """A file cannot be used; the message says why."""


class Watched(Generic[Content]):
    """A JSON file and what it says.

    Attributes:
        path: Where it is.
        content: What it said when it was last usable; ``None`` while it has never been there.
        errors: How often it changed into something unusable.
    """

    def __init__(self, path: Path, model: type[Content], *, optional: bool = False) -> None:
        """Read it for the first time.

        Args:
            path: Where it is.
            model: What it should be.
            optional: Whether it may come later.

        Raises:
            FileError: If it cannot be read or is not what it should be.
        """
        self.path, self._model = path, model
        self.errors = 0
        self._stamp = self._look()
        absent = optional and self._stamp is None
        self.content: Content | None = None if absent else self._read()

    def poll(self) -> bool:
        """Read it again if it changed; an unusable one leaves the last content in force.

        Returns:
            Whether there is new content.

        Raises:
            FileError: If it changed into something unusable; said once for each change.
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
        # A mounted volume changes by a link to another file: the inode tells.
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
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "content"
            raise FileError(f"{self.path}: {where}: {first['msg']}") from error
