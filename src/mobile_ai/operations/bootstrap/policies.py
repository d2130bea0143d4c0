"""Turns rights into IAM statements, and statements into few policies, without widening. Pure.

Limits: a managed policy has at most 6,144 characters without white space, a role ten policies
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.operations.bootstrap.rights import Right, StackPlace, authorization

_LONGEST: Final = 6_144
_MOST: Final = 10


@dataclass(slots=True)
class _Grant:
    """Actions of one service on ARNs, under one condition."""

    service: str
    condition: str
    actions: set[str]
    arns: set[str]


def statements(rights: Iterable[Right], place: StackPlace) -> list[dict[str, Any]]:
    """Return statements that grant these rights, with the stack's names as patterns.

    A name with the stack's prefix becomes ``<prefix>*``: every such name is the stack's own (the
    bootstrap refuses overlapping prefixes), and the next model of an app needs no new policy.
    Statements are merged only where no action gains a kind of resource that it applies to.
    """
    numbers: dict[str, int] = defaultdict(int)
    found = []
    for grant in _merged(_grants(rights, place)):
        numbers[grant.service] += 1
        found.append(
            statement(
                f"{_word(grant.service)}{numbers[grant.service]}",
                sorted(grant.actions),
                sorted(grant.arns),
                json.loads(grant.condition) if grant.condition else None,
            )
        )
    return found


def statement(
    sid: str, actions: Sequence[str], on: Sequence[str], condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return one ``Allow`` statement."""
    allowed: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(on),
    }
    return {**allowed, "Condition": condition} if condition else allowed


def packed(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Distribute statements over few policies: each goes into the first that has room.

    Raises:
        GovernanceError: They exceed the policies that a role may have.
    """
    policies: list[dict[str, Any]] = []
    for item in items:
        for policy in policies:
            if _size(policy) + _size(item) < _LONGEST:
                policy["Statement"].append(item)
                break
        else:
            policies.append({"Version": "2012-10-17", "Statement": [item]})
    largest = max(map(_size, policies), default=0)
    if len(policies) > _MOST or largest > _LONGEST:
        raise GovernanceError(
            "policies of a role",
            got=f"{len(policies)} policies, the largest of {largest} characters",
            expected=f"at most {_MOST} of {_LONGEST}, AWS's limits",
            next_step="split the stack: its plan needs more kinds of rights than a role can hold",
        )
    return policies


def own_names(arn: str, place: StackPlace) -> str:
    """Return an ARN whose stack-owned name is replaced by the stack's prefix and ``*``."""
    for prefix in (place.prefix, place.prefix.replace("-", "_")):
        head, found, _ = arn.partition(prefix)
        if found:
            return f"{head}{prefix}*"
    return arn


def _grants(rights: Iterable[Right], place: StackPlace) -> list[_Grant]:
    """Return one grant for each set of ARNs that actions of a service share."""
    arns: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for right in rights:
        key = (right.service, right.condition, right.action)
        arns[key].add(own_names(right.arn, place))
    grants: dict[tuple[str, str, frozenset[str]], _Grant] = {}
    for (service, condition, action), on in sorted(arns.items()):
        fewest = {"*"} if "*" in on else on
        alike = (service, condition, frozenset(fewest))
        grants.setdefault(alike, _Grant(service, condition, set(), fewest)).actions.add(action)
    return list(grants.values())


def _merged(grants: Sequence[_Grant]) -> list[_Grant]:
    """Merge grants where that widens nothing."""
    kept: list[_Grant] = []
    for grant in grants:
        for other in kept:
            if _joins(grant, other) and _joins(other, grant):
                other.actions |= grant.actions
                other.arns |= grant.arns
                break
        else:
            kept.append(grant)
    return kept


def _joins(grant: _Grant, other: _Grant) -> bool:
    """Return whether a grant's actions gain nothing from the ARNs of another."""
    return (grant.service, grant.condition) == (other.service, other.condition) and not any(
        _takes(action, arn) for action in grant.actions for arn in other.arns - grant.arns
    )


def _takes(action: str, arn: str) -> bool:
    """Return whether AWS checks an action on ARNs of this form."""
    kinds = authorization().get(action)
    if kinds is None:  # unlisted: it may take anything
        return True
    return bool(kinds) and (arn == "*" or any(_is_of(kind, arn) for kind in kinds.values()))


def _is_of(kind: str, arn: str) -> bool:
    """Return whether an ARN matches a kind: same service, and the format's fixed prefix."""
    _, _, service, _, _, form = kind.split(":", 5)
    _, _, owner, _, _, name = arn.split(":", 5)
    return service == owner and name.startswith(form.partition("${")[0])


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def _word(service: str) -> str:
    return "".join(part.capitalize() for part in service.split("-"))
