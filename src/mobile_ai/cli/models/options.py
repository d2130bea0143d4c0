"""Options and inputs that the commands of `mobile-ai model` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from mobile_ai.cli.console import console
from mobile_ai.cli.errors import UserError, file_error
from mobile_ai.cli.questions import ask
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.model_build.writer import MANIFEST_FILE, settle
from mobile_ai.stack.listed import find_environment

REFUSED: Final = 1
"""Exit code of a negative result: a quality gate failed, or a signature does not verify."""

_err = console(stderr=True)
_PACK: Final = Path("policy-pack")

EnvironmentName = Annotated[
    str | None,
    typer.Option(
        "--environment",
        "-e",
        help="Environment of the trust file. Default: the only one of policy-pack/stacks.yaml, "
        "or its only one of class development.",
    ),
]
TrustFile = Annotated[
    Path | None, typer.Option("--trust", help="Trust file to use instead of the environment's.")
]
Manifest = Annotated[
    Path,
    typer.Argument(
        help="models/<model>/<version>/manifest.yaml, or its folder.",
        callback=lambda path: manifest_at(path),  # noqa: PLW0108  # defined below
    ),
]
Key = Annotated[str, typer.Option("--key", help="Signer: file2:PATH, awskms:KEY or sigstore:...")]


def manifest_at(path: Path) -> Path:
    """Return the manifest of a version folder, or the path unchanged."""
    settle(path)
    return path / MANIFEST_FILE if path.is_dir() else path


def existing(path: Path) -> Path:
    """Return the manifest that a path names.

    Raises:
        UserError: There is none.
    """
    found = manifest_at(path)
    if not found.exists():
        raise UserError(
            f"{found}: got no such file; expected the manifest of a version, or its folder. "
            "Next: name one, such as models/digits/1.1.0, or `mobile-ai model build RECIPE` "
            "makes one."
        )
    return found


def environment_of(named: str | None) -> tuple[str, Path]:
    """Return an environment and its trust file.

    Raises:
        UserError: None is named, and the pack does not list exactly one.
    """
    found = find_environment(_PACK, named)
    if found is None:
        raise UserError(
            f"{_PACK}/stacks.yaml: got no environment; expected the list of them. "
            "Next: name one with --environment, or run in the repository's folder; "
            "`mobile-ai trust new` begins the trust of one."
        )
    return found


def trust_of(environment: str | None, path: Path | None) -> Trust:
    """Return the trust of an environment, or of another file.

    Raises:
        UserError: If there is no such file.
    """
    name, listed = environment_of(environment)
    file = path or listed
    if not file.is_file():
        raise UserError(
            f"trust file {file}: got no such file; expected the trust of {name}. "
            "Next: name another --environment or --trust, from the repository's folder; "
            "`mobile-ai trust new` begins one."
        )
    text = file.read_bytes().decode("utf-8")
    return load_trust(text, environment=name, now=datetime.now(UTC))


def trust_if_any(environment: str | None, path: Path | None) -> Trust | None:
    """Return the trust if its file exists; before the first ceremony it does not."""
    found = find_environment(_PACK, environment)
    there = path is not None or (found is not None and found[1].is_file())
    return trust_of(environment, path) if there else None


def ask_person(question: str) -> str:
    """Ask a person at the terminal."""
    return ask(question, instead="pass the answers with --questionnaire FILE (docs/models.md)")


@contextmanager
def answering(*refusals: type[Exception]) -> Iterator[None]:
    """Convert errors to a message and an exit code; only defects show a traceback."""
    try:
        yield
    except refusals as error:
        _err.print(f"refused: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(REFUSED) from error
    except OSError as error:
        raise UserError(
            file_error(error)
            or f"{type(error).__name__}: got {error.strerror or error}; expected a file or folder "
            "that can be used. Next: check the path and its permissions."
        ) from error
