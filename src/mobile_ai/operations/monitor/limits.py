"""The limits of the policy pack that telemetry can be held against, for one stack.

Limits of device classes: what an inference may take. The pack holds them against what the build
measured; what the fleet takes says whether they guard anything, or promise what nobody gets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from mobile_ai.contracts.manifest import Profile, read_manifest
from mobile_ai.delivery.repository.stack import read_deployments
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting
from mobile_ai.operations.monitor.errors import MonitorError
from mobile_ai.stack.reader import stack_file_name
from mobile_ai.stack.settings_deployment import Deployment, ModelPin


@dataclass(frozen=True, slots=True)
class Amount:
    """Quantity that a limit applies to.

    Attributes:
        series: As telemetry counts it.
        rule: The pack's rule.
        unit: Of the limit.
        scale: Limit's units in one of telemetry's.
        stated: Figure of a manifest's profile that the rule judges.
        quantile: That the limit is for.
    """

    series: str
    rule: str
    unit: str
    scale: float
    stated: str
    quantile: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """A version that a limit holds for.

    Attributes:
        app: The application.
        model: The model.
        version: The version.
        at_build: Figure in its manifest, in the limit's unit; ``None`` without one.
        is_current: Whether it is the one to deploy, and not the one to go back to.
    """

    app: str
    model: str
    version: str
    at_build: float | None
    is_current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit, and every version that it holds for.

    Attributes:
        amount: Limited quantity.
        parameter: The rule's parameter.
        now: The limit.
        versions: Those that the stack pins, or goes back to, in its device class.
    """

    amount: Amount
    parameter: str
    now: float
    versions: tuple[Limited, ...]


_AMOUNTS: Final = (
    Amount("latency", "latency-within-budget", "ms an inference", 1.0, "latency_p95_ms", 0.95),
    Amount("memory", "memory-within-budget", "bytes at peak", 1e6, "peak_memory_bytes", 0.99),
    Amount("energy", "energy-within-budget", "estimated mJ an inference", 1.0, "energy_mj", 0.95),
)
_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {"entry": "entry", "mid-range": "midRange", "high-end": "highEnd"}
)


def read_limits(root: Path, stack: str, *, now: datetime) -> list[Limit]:
    """Return the limits of a stack that have versions.

    Telemetry does not say the device class. So a version on devices of several classes, of which
    nobody could tell the figures apart, makes its limits unknown, and they are left out.

    Args:
        root: The checkout.
        stack: The stack.
        now: For the trust that the pack loads.

    Raises:
        GovernanceError: A file of the stack, the pack or a model is missing or wrong.
    """
    setting = load_setting(root / "policy-pack", stack, rules=catalogue(), now=now)
    deployments = read_deployments(root / stack_file_name(stack))
    mixed = {name for item in deployments if len(some := _classes(item)) > 1 for name in some}
    found = []
    for device_class, parameter in _PARAMETERS.items():
        profiles = [
            item for deployment in deployments for item in _profiles(root, deployment, device_class)
        ]
        if not profiles or device_class in mixed:
            continue
        for amount in _AMOUNTS:
            limit = float(setting.config.parameters[amount.rule][parameter])
            versions = tuple(_limited(item, amount) for item in profiles)
            found.append(Limit(amount=amount, parameter=parameter, now=limit, versions=versions))
    return found


_Profiled = tuple[Deployment, ModelPin, Profile | None]


def _classes(deployment: Deployment) -> set[str]:
    return {item.device_class for item in deployment.on_device}


def _profiles(root: Path, deployment: Deployment, device_class: str) -> Iterator[_Profiled]:
    variants = [i.variant for i in deployment.on_device if i.device_class == device_class]
    for pin in deployment.pins:
        for variant in variants:
            artifact = _manifest(root / pin.manifest).artifact(variant)
            yield deployment, pin, artifact.profile if artifact else None


def _manifest(path: Path) -> Any:
    try:
        return read_manifest(path.read_text(encoding="utf-8"), name=str(path))[0]
    except OSError as error:
        raise MonitorError(
            str(path),
            got=error.strerror or str(error),
            expected="the manifest that the stack pins",
            next_step="run the command in a checkout that has it",
        ) from error


def _limited(item: _Profiled, amount: Amount) -> Limited:
    deployment, pin, profile = item
    stated = getattr(profile, amount.stated) if profile is not None else None
    return Limited(
        app=deployment.app,
        model=deployment.model,
        version=pin.version,
        at_build=None if stated is None else float(stated),
        is_current=pin is not deployment.previous,
    )
