"""Halts and lifts: the documents that roles ``halt`` and ``models`` sign.

A halt names digests that no device may run. A device only adds halts to those that it has stored;
only a lift, signed by another role with a threshold, removes one.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mobile_ai.contracts.canonical import SHA256_PATTERN, canonical_bytes, sha256_bytes

LIFTS_FILE = "lifts.json"
"""Target path of the lifts, of role ``models``."""

_Digest = Annotated[str, Field(pattern=SHA256_PATTERN)]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


class _Document(BaseModel):
    # Unknown fields are ignored, so that newer publishers can add fields.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Halt(_Document):
    """Digests of one version that no device of an application may run.

    ``since`` is the version of role ``halt`` that named it first. It gives a halt that follows a
    lift another id, so that an earlier lift does not apply to it.
    """

    app: _Name
    model: _Name
    version: Annotated[str, Field(max_length=128)]
    digests: tuple[_Digest, ...]
    since: Annotated[int, Field(ge=0)] = 0

    @property
    def id(self) -> str:
        """SHA-256 of the RFC 8785 form of the five fields; lifts refer to it."""
        return sha256_bytes(canonical_bytes(self.model_dump(mode="json")))


class HaltDocument(_Document):
    """Halts in force; signed by role ``halt``."""

    kind: Literal["Halt"]
    halted: tuple[Halt, ...]

    def of(self, app: str, model: str) -> dict[str, tuple[str, ...]]:
        """Return the digests that are halted for an application's model, by id of the halt."""
        return {
            item.id: item.digests for item in self.halted if (item.app, item.model) == (app, model)
        }


class LiftDocument(_Document):
    """Ids of the lifted halts; signed by role ``models``."""

    kind: Literal["Lift"]
    lifted: tuple[_Digest, ...]
