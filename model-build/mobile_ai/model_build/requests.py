"""Retraining requests and the recipes that fulfil them.

A request is `models/<model>/retrain.yaml`, written by a remediation and merged after review. A
recipe of the same model with a later version and different pinned data fulfils it: data are never
collected automatically.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.files import read_model
from mobile_ai.model_build.errors import RecipeError
from mobile_ai.model_build.recipe import RECIPES, BuildRecipe, Name, Version, load_recipe

_SHA256 = r"^[0-9a-f]{64}$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ParentRef(_Part):
    """The deployed version to be replaced."""

    version: Version
    sha256: str = Field(pattern=_SHA256, description="Of its manifest.")


class RecipeRef(_Part):
    """The recipe of the deployed version."""

    file: str
    sha256: str = Field(pattern=_SHA256)


class FindingRef(_Part):
    """The monitoring finding that caused the request."""

    id: str = Field(pattern=r"^[0-9a-f]{16}$")
    rule: str
    series: str
    sha256: str = Field(pattern=_SHA256, description="Of the finding's file.")


class Window(_Part):
    """Time window of the finding; data of that time are missing from training."""

    begin: str = Field(alias="from")
    end: str = Field(alias="to")


class RetrainingRequest(_Part):
    """A request for a version after the parent."""

    api_version: Literal["mobile-ai/v1"] = Field(alias="apiVersion")
    kind: Literal["RetrainingRequest"]
    model: Name
    parent: ParentRef
    recipe: RecipeRef
    finding: FindingRef
    data: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """State of a request.

    Attributes:
        request: The request.
        state: ``waits`` for a recipe, ``ready`` to build, or ``built``.
        recipe: The recipe that fulfils it; empty while it waits.
        reason: Description of the state.
    """

    request: RetrainingRequest
    state: Literal["waits", "ready", "built"]
    recipe: str = ""
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "model": self.request.model,
            "parent": self.request.parent.version,
            "finding": self.request.finding.id,
            "state": self.state,
            "recipe": self.recipe,
            "reason": self.reason,
        }


def read_request(path: Path) -> RetrainingRequest:
    """Return a request.

    Raises:
        RecipeError: If it cannot be read, or does not follow its schema.
    """
    refused = RecipeError.advising("let `mobile-ai remediate` write it")
    return read_model(
        RetrainingRequest, path, refused=refused, expected="a request for a retraining"
    )


def asked(models: Path, *, recipes: Path = RECIPES) -> list[Asked]:
    """Return the request of every model with its state.

    Args:
        models: Folder of all models.
        recipes: Folder of all recipes.

    Raises:
        RecipeError: If a request names a version that does not exist, or a file is invalid.
    """
    paths = sorted(models.glob("*/retrain.yaml"))
    known = {path: load_recipe(path) for path in sorted(recipes.glob("*.yaml"))} if paths else {}
    return [_asked(path, known) for path in paths]


def _asked(path: Path, known: Mapping[Path, BuildRecipe]) -> Asked:
    request, folder = read_request(path), path.parent
    manifest = folder / request.parent.version / "manifest.yaml"
    if folder.name != request.model or not _is(manifest, request.parent.sha256):
        raise _wrong(
            str(path),
            f"{request.model} {request.parent.version}",
            f"a version in {folder} with the manifest that the request names",
            "correct or remove the request",
        )
    least = _key(request.parent.version)
    later = [
        (_key(recipe.version), file, recipe)
        for file, recipe in known.items()
        if recipe.name == request.model and _key(recipe.version) > least
    ]
    if not later:
        reason = f"no recipe of {request.model} for a version after {request.parent.version}"
        return Asked(request=request, state="waits", reason=reason)
    _, file, recipe = max(later, key=lambda item: item[0])
    before = next((item for name, item in known.items() if name.name == _name(request)), None)
    if before is not None and recipe.data == before.data:
        reason = f"{file.name} pins the same data as {_name(request)}"
        return Asked(request=request, state="waits", reason=reason)
    is_built = (folder / recipe.version / "manifest.yaml").is_file()
    return Asked(
        request=request,
        state="built" if is_built else "ready",
        recipe=file.stem,
        reason=f"{file.name} makes {recipe.version}",
    )


def _name(request: RetrainingRequest) -> str:
    return request.recipe.file.rpartition("/")[2]


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_bytes(path.read_bytes()) == sha256


def _key(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _wrong(what: str, got: str, expected: str, next_step: str) -> RecipeError:
    return RecipeError(what, got=got, expected=expected, next_step=next_step)
