"""Reads a file of a schema; whatever is wrong with it becomes one error of the caller."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mobile_ai.contracts.documents import MAX_DOCUMENT_BYTES, read_json, read_yaml
from mobile_ai.contracts.errors import DocumentError

Kind = TypeVar("Kind", bound=BaseModel)


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
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        got = f"{first['msg']} at {'.'.join(map(str, first['loc'])) or 'the top'}"
        raise refused(str(path), got, expected) from error
    except DocumentError as error:
        raise refused(str(path), error.got, error.expected) from error
    except (OSError, UnicodeDecodeError) as error:
        got = getattr(error, "strerror", None) or str(error)
        raise refused(str(path), got, expected) from error
