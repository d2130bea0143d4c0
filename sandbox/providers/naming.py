"""Automatic physical names, as the official providers make them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sandbox.providers.errors import ProviderError
from sandbox.providers.spec import NamingRule
from sandbox.providers.values import Value, plain

__all__ = ["NamingMode", "NamingRequest", "unique_name"]

_RANDOM_DIGITS: Final = 7


class NamingMode(Enum):
    """What the engine's autonaming configuration asks for."""

    DEFAULT = "default"
    PROPOSE = "propose"
    ENFORCE = "enforce"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingRequest:
    """What a name is made from.

    Attributes:
        logical: The resource's name in the program.
        seed: Random bytes of the engine, the same for every retry of one operation.
        mode: How binding the proposal is.
        proposed: The engine's proposal, when it has one.
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
    """Make a name that fits the service's rule.

    Args:
        request: Logical name, seed and the engine's wish.
        rule: Length, case, prefix and suffix.
        inputs: The resource's inputs, for suffixes that depend on them.
        digits: Number of random hex digits.

    Raises:
        ProviderError: Automatic naming is switched off, or the enforced name does not fit.
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
    # Cut the middle, never the random end that keeps names apart.
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
