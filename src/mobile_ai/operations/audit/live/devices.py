"""Check that devices report only versions that Git declares."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from mobile_ai.contracts.reading import Finding
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.operations.audit.contract import Check, DeployedStack, Found

Heard = Callable[[], Iterable[tuple[str, str, str, int]]]
"""Returns application, model, version and the number of its recent events."""


def versions_heard(heard: Heard) -> Check:
    """Return the check. It does not see devices that never report.

    Args:
        heard: Queries the telemetry.
    """

    def look(deployed: DeployedStack) -> Iterator[Found]:
        known = {
            item.name: _versions(item.props.get("spec", {}))
            for item in deployed.resources
            if item.type == DEPLOYMENT
        }
        for app, model, version, count in heard():
            versions = known.get(f"{app}-{model}")
            if versions is None or version not in versions:
                yield _found(f"{app}-{model}", version, count, versions or frozenset())

    return Check(
        id="versions-heard-are-released",
        title="Devices report the deployed version or the one before it.",
        severity="medium",
        frameworks=("NIST AI RMF MANAGE 4.1",),
        look=look,
    )


def _versions(spec: Mapping[str, object]) -> frozenset[str]:
    model = spec.get("aiModel")
    if not isinstance(model, Mapping):
        return frozenset()
    previous = model.get("previous")
    before = previous.get("version") if isinstance(previous, Mapping) else None
    return frozenset(str(item) for item in (model.get("version"), before) if item)


def _found(name: str, version: str, count: int, known: frozenset[str]) -> Found:
    return Found(
        denies=False,  # device telemetry can be forged with any token: a hint, no proof
        finding=Finding(
            what=f"devices of {name}",
            got=f"version {version} in {count} events",
            expected=" or ".join(sorted(known)) or "no such deployment",
            next_step="check the versions of those devices' applications, and releases/",
        ),
    )
