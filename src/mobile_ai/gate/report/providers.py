"""Provider section of a report, from the checks recorded by the stand-ins."""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from mobile_ai.gate.errors import GateError
from mobile_ai.gate.report.sections import ProviderReport
from mobile_ai.sandbox.providers.aws.schemas.checker import RECORD_VARIABLE, checked_against
from mobile_ai.sandbox.providers.specfile import sdk_version

__all__ = ["RECORD_VARIABLE", "providers", "read_checks"]

_KNOWN: Final = ("aws", "kubernetes")


def providers(
    types: Iterable[str], checks: Iterable[Mapping[str, Any]], *, official: Collection[str]
) -> tuple[ProviderReport, ...]:
    """Return the providers of a plan's resource types.

    Args:
        types: Type tokens of the plan.
        checks: Recorded checks, one for each AWS resource.
        official: Names of the official providers that ran.
    """
    used = {token.partition(":")[0] for token in types}
    present = [name for name in _KNOWN if name in used]
    return tuple(
        ProviderReport(name=name, kind="official") if name in official else _stand_in(name, checks)
        for name in present
    )


def read_checks(path: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the last check of every resource; empty if none was recorded.

    Raises:
        GateError: The record cannot be read.
    """
    if not path.exists():
        return ()
    try:
        checks = [json.loads(line) for line in path.read_text().splitlines()]
        return tuple({check["urn"]: check for check in checks}.values())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GateError(
            f"{path}: got {error}; expected one JSON object a line with the checks of inputs. "
            "Next: run `mobile-ai gate` again."
        ) from error


def _stand_in(name: str, checks: Iterable[Mapping[str, Any]]) -> ProviderReport:
    return _aws(checks) if name == "aws" else _by_types(name)


def _aws(checks: Iterable[Mapping[str, Any]]) -> ProviderReport:
    found = tuple(checks)
    missed = [f"{check['type']}.{name}" for check in found for name in check["uncovered"]]
    checked = sum(check["checked"] for check in found)
    return ProviderReport(
        name="aws",
        kind="stand-in",
        checked_against=f"{checked_against()} models",
        inputs=checked + len(missed),
        checked=checked,
        unknown=sum(check["unknown"] for check in found),
        uncovered=tuple(sorted(set(missed))),
    )


def _by_types(name: str) -> ProviderReport:
    against = f"the types of pulumi-{name} {sdk_version(name)}"
    return ProviderReport(name=name, kind="stand-in", checked_against=against)
