"""Type facts of a stand-in: the SDK's shapes joined with the maintained table.

They are read from a JSON file created once per SDK version (see ``reflect``), since importing the
SDK for its types takes seconds and a provider process requires only these facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

# A word (string, number, integer, boolean, asset, any) or a pair of a word and its parameter:
# list of a shape, map of a shape, object by key, one of several shapes, const of some values.
Shape: TypeAlias = Any
Fields: TypeAlias = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingRule:
    """Rule for a type's physical name if the program gives none.

    Attributes:
        prop: Property that holds the name.
        max_length: Maximum length that the service accepts.
        lower: The service accepts lower case only.
        prefix: Required prefix, such as ``alias/``.
        suffix_if: ``{property: suffix}``, for a boolean that requires a suffix (FIFO queues).
    """

    prop: str
    max_length: int = 255
    lower: bool = False
    prefix: str = ""
    suffix_if: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFacts:
    """Facts about one resource type.

    Attributes:
        token: The type token, such as ``aws:s3/bucket:Bucket``.
        inputs: Property to ``(shape, required)``.
        outputs: Property to ``(shape, always present after the operation)``.
        naming: Automatic naming, or None for a type that has none.
        replace: Paths whose change forces a replacement.
        volatile: Computed outputs that change with every update.
        computed: Nested paths that only the cloud knows (top-level ones follow from ``outputs``).
        defaults: Values that the official provider fills in for missing inputs.
        id: Pattern of the invented ID; see ``synthetic_outputs``.
        patterns: Output to the pattern of its invented value.
        cluster_scoped: Kubernetes: the kind has no namespace.
        open: Any property is accepted (custom resources).
    """

    token: str
    inputs: Fields
    outputs: Fields
    naming: NamingRule | None = None
    replace: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    patterns: Mapping[str, str] = field(default_factory=dict)
    cluster_scoped: bool = False
    open: bool = False


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Type facts of one provider."""

    document: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path) -> Spec:
        """Read a spec file.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not JSON.
        """
        return cls(document=json.loads(path.read_bytes()))

    @property
    def version(self) -> str:
        """Version of the SDK that the facts were taken from."""
        return str(self.document["version"])

    @property
    def objects(self) -> Mapping[str, Fields]:
        """Nested object types: key to fields."""
        objects: Mapping[str, Fields] = self.document["objects"]
        return objects

    @property
    def config(self) -> Fields:
        """Inputs of the provider itself."""
        config: Fields = self.document["config"]
        return config

    @property
    def extra(self) -> Mapping[str, Any]:
        """Provider-specific facts (regions, built-in API groups)."""
        extra: Mapping[str, Any] = self.document["extra"]
        return extra

    @cached_property
    def _found(self) -> dict[str, TypeFacts]:
        return {}

    def find(self, token: str) -> TypeFacts | None:
        """Return the facts of a type, or None if the table has no entry for it."""
        if token not in self._found and token in self.document["types"]:
            self._found[token] = _facts(token, self.document["types"][token])
        return self._found.get(token)


def _facts(token: str, entry: Mapping[str, Any]) -> TypeFacts:
    naming = entry.get("naming")
    return TypeFacts(
        token=token,
        inputs=entry["inputs"],
        outputs=entry["outputs"],
        naming=NamingRule(**naming) if naming else None,
        replace=tuple(entry.get("replace", ())),
        volatile=tuple(entry.get("volatile", ())),
        computed=tuple(entry.get("computed", ())),
        defaults=entry.get("defaults", {}),
        id=entry.get("id", ""),
        patterns=entry.get("patterns", {}),
        cluster_scoped=bool(entry.get("cluster_scoped")),
    )
