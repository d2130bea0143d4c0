"""Automatic physical names in the form of the official providers."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mobile_ai.sandbox.providers.errors import ProviderError
from mobile_ai.sandbox.providers.spec import NamingRule
from mobile_ai.sandbox.providers.values import Value, plain

_RANDOM_DIGITS: Final = 7


class NamingMode(Enum):
    """Mode of the engine's autonaming configuration."""

    DEFAULT = "default"
    PROPOSE = "propose"
    ENFORCE = "enforce"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingRequest:
    """Inputs of a generated name.

    Attributes:
        logical: The resource's name in the program.
        seed: Random bytes of the engine, equal for every retry of one operation.
        mode: Autonaming mode.
        proposed: The engine's proposal, if it has one.
    """

    logical: str
    seed: bytes = b""
    mode: NamingMode = NamingMode.DEFAULT
    proposed: str = ""


def unique_name(
    request: NamingRequest,
    rule: NamingRule,
    inputs: Mapping[str, Value],
    *,
    digits: int = _RANDOM_DIGITS,
) -> str:
    """Return a name that satisfies the service's rule.

    Args:
        request: Logical name, seed and autonaming mode.
        rule: Length, case, prefix and suffix.
        inputs: The resource's inputs, for suffixes that depend on them.
        digits: Number of random hex digits.

    Raises:
        ProviderError: Autonaming is disabled, or the enforced name does not satisfy the rule.
    """
    if request.mode is NamingMode.DISABLE:
        raise ProviderError(
            f"`{rule.prop}` of `{request.logical}` has no value and automatic naming is switched "
            f"off: got nothing, expected a name; set `{rule.prop}`"
        )
    suffix = "".join(end for prop, end in rule.suffix_if.items() if plain(inputs.get(prop)) is True)
    if request.mode is NamingMode.ENFORCE:
        return _enforced(request, rule, suffix)
    stem = request.proposed or f"{request.logical}-{_hex(request.seed, digits)}"
    stem = stem.lower() if rule.lower else stem
    prefix = "" if stem.startswith(rule.prefix) else rule.prefix
    room = rule.max_length - len(prefix) - len(suffix)
    # Truncate the middle, never the random suffix that makes names unique.
    kept = stem if len(stem) <= room else stem[: room - digits - 1] + stem[-digits - 1 :]
    return f"{prefix}{kept}{suffix}"


def _enforced(request: NamingRequest, rule: NamingRule, suffix: str) -> str:
    name = request.proposed
    fits = len(name) <= rule.max_length and name.startswith(rule.prefix) and name.endswith(suffix)
    if not fits or (rule.lower and name != name.lower()):
        raise ProviderError(
            f"the autonaming configuration enforces a name the service does not take for "
            f"`{rule.prop}`: got `{name}`, expected at most {rule.max_length} characters"
            f"{', lower case' if rule.lower else ''}, starting with `{rule.prefix}` and ending "
            f"with `{suffix}`; set `{rule.prop}` or change the pattern"
        )
    return name


def _hex(seed: bytes, digits: int) -> str:
    if not seed:
        return secrets.token_hex(digits)[:digits]
    return hashlib.sha256(seed).hexdigest()[:digits]
