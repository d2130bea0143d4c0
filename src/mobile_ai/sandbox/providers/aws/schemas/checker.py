"""Checks inputs, caches verdicts, and records them for the gate."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mobile_ai.sandbox.files import write_atomically
from mobile_ai.sandbox.providers.aws.schemas.verdict import InputVerdict
from mobile_ai.sandbox.providers.errors import ProviderError
from mobile_ai.sandbox.providers.specfile import cache_folder
from mobile_ai.sandbox.providers.values import SecretValue, Special, Unknown, Value

if TYPE_CHECKING:
    from mobile_ai.sandbox.providers.spec import TypeFacts

# Path of a file that receives one JSON line for each checked resource.
RECORD_VARIABLE: Final = "MOBILE_AI_INPUT_CHECKS"
_LIBRARIES: Final = ("cfn-lint", "botocore")
_FOLDER: Final = Path(__file__).parents[1]
_KEPT_SECONDS: Final = 30 * 24 * 3600.0


class Checker:
    """Checks the inputs of resources, each distinct set of inputs once.

    Verdicts are cached per user, as the libraries behind them take most of a second to import. A
    resource with a secret is checked every time, so that not even a digest of the secret is stored.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Store the path of the record from the process environment."""
        record = environment.get(RECORD_VARIABLE)
        self._record = Path(record) if record else None

    def check(
        self, urn: str, facts: TypeFacts, sent: Mapping[str, Value], given: Mapping[str, Value]
    ) -> InputVerdict:
        """Check one resource.

        Args:
            urn: The resource, for the record.
            facts: Its type.
            sent: All inputs, with defaults, names and merged tags.
            given: The inputs that the program set.

        Raises:
            ProviderError: cfn-lint or botocore is not installed.
        """
        region = sent.get("region")
        verdict = self._verdict(facts.token, sent, given, region if isinstance(region, str) else "")
        if self._record is not None:
            _append(self._record, {"urn": urn, "type": facts.token, **verdict.to_dict()})
        return verdict

    def _verdict(
        self, token: str, sent: Mapping[str, Value], given: Mapping[str, Value], region: str
    ) -> InputVerdict:
        key = _key([token, region, {**sent}, {**given}])
        path = _verdicts() / f"{key}.json"
        if key and (known := _read(path)):
            return known
        verdict = _judge(token, sent, given, region)
        if key:
            # An unwritable cache must not fail the preview.
            with suppress(OSError):
                write_atomically(path, json.dumps(verdict.to_dict(), separators=(",", ":")))
        return verdict


def checked_against() -> str:
    """Return the libraries behind the checks, with their versions."""
    return " and ".join(f"{name} {version(name)}" for name in _LIBRARIES)


def _judge(
    token: str, sent: Mapping[str, Value], given: Mapping[str, Value], region: str
) -> InputVerdict:
    try:
        from mobile_ai.sandbox.providers.aws.schemas.judge import judge_inputs  # noqa: PLC0415  slow; see Checker

        return judge_inputs(token, sent, given=given, region=region)
    except ImportError as error:
        raise ProviderError(
            f"inputs cannot be checked: got {error}; expected cfn-lint and botocore in the "
            "environment. Next: `make setup`, or pip install 'mobile-ai-delivery[gate]'",
            code="FAILED_PRECONDITION",
        ) from error


@cache
def _verdicts() -> Path:
    """Return the verdict folder of these versions; folders unused for 30 days are removed."""
    folder = cache_folder() / "checks" / _fingerprint()
    if not folder.exists():
        for old in folder.parent.glob("*"):
            if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    return folder


def _fingerprint() -> str:
    """Return a digest of everything that determines a verdict, besides the inputs."""
    digest = hashlib.sha256(checked_against().encode())
    for source in sorted(_FOLDER.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _read(path: Path) -> InputVerdict | None:
    """Return a cached verdict; None if it is missing or unreadable."""
    try:
        return InputVerdict.from_dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _key(inputs: Value) -> str:
    """Return a digest of inputs; empty if they contain a secret."""
    try:
        text = json.dumps(_comparable(inputs), sort_keys=True, separators=(",", ":"))
    except _SecretFoundError:
        return ""
    return hashlib.sha256(text.encode()).hexdigest()


class _SecretFoundError(Exception):
    """The inputs contain a secret."""


def _comparable(value: Value) -> Any:
    match value:
        case SecretValue():
            raise _SecretFoundError
        case Unknown():
            return {"unknown": True}
        case Special(kind=kind):
            return {"special": kind}  # its content is not checked
        case dict():
            return {key: _comparable(item) for key, item in value.items()}
        case list():
            return [_comparable(item) for item in value]
        case _:
            return value


def _append(path: Path, document: Mapping[str, Any]) -> None:
    """Append a line in one write, since several providers append concurrently."""
    line = json.dumps(document, separators=(",", ":")) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)
