"""Resources of a deployed state, as `pulumi stack export` writes it (apitype.DeploymentV3).

The same shape that an engine hands to a pack: inputs one resource at a time, outputs for the
whole stack. Encrypted values stay encrypted: rules see that there is a secret, not which, as in
`pulumi policy analyze --file` without the keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from .errors import DocumentError
from .reading import Secret
from .resource import PROVIDERS, Provider, Resource, provider_props, stack_of

__all__ = ["ExportedState", "read_export"]

# sdk/go/common/resource/properties.go
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a marker, no secret
_REDACTED: Final = "[secret]"  # what the engine puts there too


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedState:
    """A deployed state, without what only waits for its deletion.

    Attributes:
        inputs: Every resource with its inputs, each after its parents and dependencies.
        outputs: The same with what the providers answered.
    """

    inputs: tuple[Resource, ...]
    outputs: tuple[Resource, ...]

    @property
    def stacks(self) -> frozenset[str]:
        """The stacks that its resources are of."""
        return frozenset(stack_of(item.urn) for item in self.inputs)


def read_export(export: Any, *, name: str) -> ExportedState:
    """Return the state in an export.

    Args:
        export: The JSON value.
        name: What to call it in messages.

    Raises:
        DocumentError: If it is no exported state.
    """
    try:
        # An empty state has no list at all.
        every = export["deployment"].get("resources") or ()
        rows = [row for row in every if not row.get("delete")]
        providers = {
            row["urn"]: _provider(row) for row in rows if row["type"].startswith(PROVIDERS)
        }
        return ExportedState(
            inputs=tuple(_resources(rows, providers, "inputs")),
            outputs=tuple(_resources(rows, providers, "outputs")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DocumentError(
            name,
            got=f"{type(error).__name__}: {error}",
            expected="a state as `pulumi stack export` writes it",
            next_step="export it again",
        ) from error


def _resources(
    rows: Iterable[Mapping[str, Any]],
    providers: Mapping[str, Provider],
    side: Literal["inputs", "outputs"],
) -> list[Resource]:
    return [
        Resource(
            type=row["type"],
            name=_name(row["urn"]),
            urn=row["urn"],
            props=_props(row, side),
            provider=providers.get(str(row.get("provider") or "").rpartition("::")[0]),
            parent=row.get("parent") or None,
            dependencies={
                key: tuple(urns or ())
                for key, urns in (row.get("propertyDependencies") or {}).items()
            },
            protect=bool(row.get("protect")),
        )
        for row in rows
    ]


def _provider(row: Mapping[str, Any]) -> Provider:
    return Provider(type=row["type"], name=_name(row["urn"]), props=_props(row, "inputs"))


def _props(row: Mapping[str, Any], side: str) -> dict[str, Any]:
    props = {key: _plain(value) for key, value in (row.get(side) or {}).items()}
    return provider_props(props) if row["type"].startswith(PROVIDERS) else props


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return Secret(_REDACTED)
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
