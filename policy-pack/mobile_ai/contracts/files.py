"""Files: reading one of a schema, whatever is wrong with it as one error; writing one whole."""

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from mobile_ai.contracts.documents import MAX_DOCUMENT_BYTES, read_json, read_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.schema_errors import schema_problem

Kind = TypeVar("Kind", bound=BaseModel)

_DRAFT: Final = re.compile(r"\.(?P<name>.+)\.(?P<process>[1-9][0-9]{0,9})-[0-9a-f]{16}\.(new|old)")


def read_model(
    kind: type[Kind],
    path: Path,
    *,
    refused: Callable[[str, str, str], Exception],
    expected: str,
    max_bytes: int = MAX_DOCUMENT_BYTES,
) -> Kind:
    """Return a YAML file, or a JSON file by its suffix, as a model.

    Args:
        kind: The model.
        path: The file.
        refused: Returns the error, of what, got and expected; see ``GovernanceError.advising``.
        expected: What the file should be.
        max_bytes: Limit of its size.
    """
    read = read_json if path.suffix == ".json" else read_yaml
    try:
        value = read(path.read_text(encoding="utf-8"), name=str(path), max_bytes=max_bytes)
        return kind.model_validate_json(json.dumps(value))
    except ValidationError as error:
        first = schema_problem(error)
        what = f"{path}: {first.place}" if first.place else str(path)
        raise refused(what, first.got, f"{first.expected}, in {expected}") from error
    except DocumentError as error:
        raise refused(str(path), error.got, error.expected) from error
    except (OSError, UnicodeDecodeError) as error:
        got = getattr(error, "strerror", None) or str(error)
        raise refused(str(path), got, expected) from error


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that readers see the old or the new content, and never a part.

    Args:
        path: The file; its folder is created.
        data: The content.
        mode: Permissions of a new file; one that is replaced keeps its own.

    Raises:
        OSError: If it cannot be written; the old file is then untouched.
    """
    if path.exists() and not path.is_file():  # a pipe or a device: no content to keep
        with _named(path):
            path.write_bytes(data)
        return
    kept = path.stat().st_mode & 0o777 if path.exists() else None
    draft = write_beside(path, data, mode=mode)
    try:
        if kept is not None:
            draft.chmod(kept)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_beside(path: Path, data: bytes, *, mode: int = 0o644) -> Path:
    """Write a file under a temporary name beside its place, durably, and return that name.

    Temporary files of the same place that a killed process left are removed.

    Raises:
        OSError: If it cannot be written; nothing is left then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for item in leftovers(path):
        item.unlink(missing_ok=True)
    draft = name_beside(path)
    with _named(path):
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    return draft


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Give errors the name that people know; a full disk names none at all."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def remove_written(path: Path, *, to: Path) -> None:
    """Remove a staged file whose content was written to its place.

    Raises:
        DocumentError: If it cannot be removed; its place has been written.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise DocumentError(
            str(path),
            got=f"a staged file that cannot be removed ({error.strerror})",
            expected=f"none: {to} has been written, and is complete",
            next_step=f"keep {to}, and remove {path} once its folder can be written",
        ) from error


def name_beside(path: Path, *, suffix: Literal["new", "old"] = "new") -> Path:
    """Return a temporary name beside a place, which says whose process made it."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(8)}.{suffix}")


def is_draft(name: str) -> bool:
    """Return whether a name is a temporary one, of what nothing may read."""
    return _DRAFT.fullmatch(name) is not None


def leftovers(path: Path) -> list[Path]:
    """Return what lies under a temporary name of a place, made by a process that is gone."""
    found = []
    for item in path.parent.iterdir():
        match = _DRAFT.fullmatch(item.name)
        if match and match["name"] == path.name and not _runs(int(match["process"])):
            found.append(item)
    return found


def _runs(process: int) -> bool:
    """Return whether a process may run on this machine; without POSIX signals it may."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # of another user
    return True
