"""Check that clusters run the declared workloads unchanged."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from mobile_ai.contracts.reading import Finding
from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.audit.contract import Author, Check, DeployedStack, Found
from mobile_ai.operations.audit.live.fields import Path, author_of

Workload = Callable[[str, str, str], Mapping[str, Any] | None]
"""A Deployment by site (name of the provider), namespace and name; ``None`` where there is none."""

_TYPE: Final = "kubernetes:apps/v1:Deployment"
# Fields set by others by design: replicas by an autoscaler, the rest by the control plane.
_OTHERS: Final = frozenset({"replicas", "status", "resourceVersion", "uid", "creationTimestamp"})
_QUANTITY: Final = re.compile(r"(\d+(?:\.\d+)?)(m|[kMGT]|[KMGT]i|)")
_SUFFIXES: Final = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{name: Decimal(1000) ** (n + 1) for n, name in enumerate("kMGT")},
    **{f"{name}i": Decimal(1024) ** (n + 1) for n, name in enumerate("KMGT")},
}
_GONE: Final = "a deleted object has no author: see the cluster's audit log"
_NAMED: Final = 5  # differences that a message lists


def workloads_as_declared(workload: Workload) -> Check:
    """Return the check.

    Args:
        workload: Queries the site's API server.
    """

    def look(deployed: DeployedStack) -> Iterator[Found]:
        for item in deployed.resources:
            if item.type == _TYPE:
                metadata = item.props["metadata"]
                namespace, name = str(metadata["namespace"]), str(metadata["name"])
                site = item.provider.name if item.provider else ""
                live = workload(site, namespace, name)
                changed = () if live is None else tuple(_differs(item.props, live))
                if live is None or changed:
                    yield _found(item, f"{namespace}/{name}", live, changed)

    return Check(
        id="workloads-as-declared",
        title="Every workload at a site is what was declared.",
        severity="critical",
        frameworks=("NIST 800-53 CM-3", "CIS Kubernetes 5"),
        look=look,
    )


def _differs(wanted: Any, live: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths at which a live object differs from its declaration.

    Fields that the API server added are no difference.
    """
    if isinstance(wanted, Mapping):
        there = live if isinstance(live, Mapping) else {}
        for key in wanted.keys() - _OTHERS:
            yield from _differs(wanted[key], there.get(key), (*path, key))
    elif _listed(wanted):
        if not _listed(live) or len(wanted) != len(live):
            yield path
        else:
            for index, (one, other) in enumerate(zip(wanted, live, strict=True)):
                yield from _differs(one, other, (*path, index))
    elif not _same(wanted, live, quantity="resources" in path):
        yield path


def _written(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _same(wanted: Any, live: Any, *, quantity: bool) -> bool:
    if wanted is None or wanted is False:
        return live is None or live is False  # the API server omits unset fields
    if quantity:
        return _amount(wanted) == _amount(live)
    if isinstance(wanted, bool) or isinstance(live, bool):
        return wanted is live
    if isinstance(wanted, int | float) and isinstance(live, int | float):
        return float(wanted) == float(live)  # Pulumi's property values have floats only
    return bool(str(wanted) == str(live))


def _amount(value: Any) -> Decimal | str:
    """Parse a Kubernetes resource quantity: API servers normalise 1024Mi to 1Gi."""
    found = _QUANTITY.fullmatch(str(value))
    return Decimal(found[1]) * _SUFFIXES[found[2]] if found else str(value)


def _found(
    item: Resource, name: str, live: Mapping[str, Any] | None, changed: Sequence[Path]
) -> Found:
    paths = sorted(map(_written, changed))
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return Found(
        urn=item.urn,
        finding=Finding(
            what=f"workload {name}",
            got="no such object" if live is None else f"other {', '.join(paths[:_NAMED])}{more}",
            expected="the object as it was declared",
            next_step="find who edited it (the cluster's audit log), then run the pipeline",
        ),
        author=lambda: author_of(live, changed) if live else Author(note=_GONE),
    )
