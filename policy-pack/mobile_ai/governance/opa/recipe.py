"""Build recipe of the evaluator, pinned by `go.mod` and `go.sum` in this folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.gobuild.build import built_programs
from mobile_ai.gobuild.cache import build_folder
from mobile_ai.gobuild.progress import Progress
from mobile_ai.gobuild.recipe import GoRecipe

_NAME: Final = "mobile-ai-opa"
RECIPE: Final = GoRecipe(
    what="the evaluator of Rego modules (OPA)",
    cache="opa",
    module=Path(__file__).resolve().parent,
    versioned_by="github.com/open-policy-agent/opa",
    commands={_NAME: "."},
    minutes=1,
)
"""Recipe of the evaluator; it has no variables, since its version is that of OPA."""


def evaluator_program(ambient: Mapping[str, str] | None = None) -> Path:
    """Return the built evaluator.

    It is not built here: a pack runs within the engine, whose user sees no progress.

    Raises:
        DocumentError: If it is not built.
    """
    folder = build_folder(RECIPE, os.environ if ambient is None else ambient)
    if not folder.is_built():
        raise DocumentError(
            "policy-pack/rego",
            got="Rego modules, but no built program that evaluates them",
            expected=f"OPA {folder.pin.version} in {folder.path}",
            next_step="run `mobile-ai policy build` (needs Go), then the same command again",
        )
    return folder.executable(_NAME)


def build_evaluator(*, progress: Progress, ambient: Mapping[str, str] | None = None) -> Path:
    """Return the evaluator, and build it first if it is missing.

    Raises:
        GoBuildError: If it cannot be built.
    """
    ambient = os.environ if ambient is None else ambient
    return built_programs(RECIPE, ambient=ambient, progress=progress).executable(_NAME)
