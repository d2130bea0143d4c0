"""Builds the API reference of the public rooms from their docstrings; run by ``make reference``.

    python -m tests.tools.reference [folder]

Writes HTML with pdoc, by default to ``build/reference``. A module that cannot be imported is an
error, not a gap.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Final

from pdoc import pdoc, render

__all__ = ["ROOMS", "build"]

ROOMS: Final = (
    "mobile_ai.components",
    "mobile_ai.contracts",
    "mobile_ai.delivery.client",
    "mobile_ai.edge",
    "mobile_ai.gate",
    "mobile_ai.governance",
    "mobile_ai.pricing",
    "mobile_ai.stack",
    "mobile_ai.testing",
)
"""Packages whose names other programs import; the rest serves the command line."""

# Generated code, and modules that only run as a program of their own.
_LEFT_OUT: Final = (
    "!mobile_ai.edge.proto",
    "!mobile_ai.edge.lambda_function",
    "!mobile_ai.components.functions",
)


def build(folder: Path, *modules: str) -> None:
    """Write the reference of modules and all modules below them to a folder.

    Raises:
        RuntimeError: A module cannot be imported.
    """
    render.configure(docformat="google", show_source=False, footer_text="mobile-ai-delivery")
    with warnings.catch_warnings():
        # Of base classes in dependencies: annotations that only type checkers can read.
        warnings.simplefilter("ignore", UserWarning)
        warnings.filterwarnings("error", "Error loading|Cannot find spec")  # packages
        pdoc(*modules, output_directory=folder)


def main(arguments: list[str]) -> int:
    """Build the reference of every room."""
    folder = Path(arguments[0] if arguments else "build/reference")
    build(folder, *ROOMS, *_LEFT_OUT)
    print(f"{folder / 'index.html'}: {len(list(folder.rglob('*.html')))} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
