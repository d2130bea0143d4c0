"""Forms of the values in roots: what no stack could ever declare, a bound must not hold.

A value of another form would restrict as before and look like a decision: a reader of the file
would take ``ISSUER`` for an issuer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.models import MAIL_PATTERN
from mobile_ai.contracts.placeholders import is_placeholder
from mobile_ai.contracts.roots import StackRoots
from mobile_ai.stack.settings_types import DOMAIN_PATTERN, NAME_PATTERN

_refused = DocumentError.advising(
    "give the value itself, as the denial or the stack file has it; nothing was written"
)

_ODD: Final = re.compile(r"[<>{}\s]")
_ISSUER: Final = rf"^https://{DOMAIN_PATTERN[1:-1]}(:\d+)?(/\S*)?$"
_ROLE: Final = r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$"
_REPOSITORY: Final = r"^[a-z0-9][a-z0-9.:/_-]*$"
_BUCKET: Final = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
_TYPE: Final = r"^[a-z][\w-]*:[\w./-]+:[A-Za-z]\w*$"
_EVERY_OTHER: Final = "*"
_SECRETS: Final = ("encryptedkey", "encryptionsalt", "secretsprovider")

Fault = tuple[str, str, str]
"""Place, value and accepted form."""


def check_forms(
    stacks: Mapping[str, StackRoots], *, before: Mapping[str, StackRoots] | None = None
) -> None:
    """Refuse values that no stack file can have, and placeholders of messages and pages.

    Args:
        stacks: The entries.
        before: The entries of the version before; faults that it has already may stay.

    Raises:
        DocumentError: Naming the first of them.
    """
    known = set(faults_of(before or {}))
    for place, got, expected in faults_of(stacks):
        if (place, got, expected) not in known:
            raise _refused(place, repr(got), expected)


def faults_of(stacks: Mapping[str, StackRoots]) -> Iterator[Fault]:
    """Yield the values of another form than theirs."""
    for name, item in stacks.items():
        for place, value, fits, form in _values(item):
            if not fits(value):
                yield f"{name}.{place}", value, form


def _values(entry: StackRoots) -> Iterator[tuple[str, str, Callable[[str], bool], str]]:
    bounds = entry.bounds
    for issuer, audiences in bounds.issuers.items():
        yield (
            f"bounds.issuers[{issuer}]",
            issuer,
            _matches(_ISSUER),
            "an https:// address of a host",
        )
        for item in audiences:
            yield f"bounds.issuers[{issuer}]", item, _is_filled, "an audience of its tokens"
    for item in bounds.images:
        form = "a repository of images, without tag and digest"
        yield f"bounds.images[{item}]", item, _matches(_REPOSITORY), form
    for item in bounds.budgets:
        yield f"bounds.budgets[{item}]", item, _is_budget, "the name of a budget, or `*`"
    for item in bounds.secrets:
        form = f"one of {list(_SECRETS)}"
        yield f"bounds.secrets[{item}]", item, _SECRETS.__contains__, form
    lists: tuple[tuple[str, list[str], Callable[[str], bool], str], ...] = (
        ("bounds.roles", bounds.roles, _matches(_ROLE), "the ARN of a role"),
        ("bounds.domains", bounds.domains, _matches(DOMAIN_PATTERN), "a domain in lower case"),
        ("bounds.notify", bounds.notify, _is_notified, "a mail address, or a domain"),
        ("bounds.buckets", bounds.buckets, _matches(_BUCKET), "the name of a bucket"),
        ("bounds.contexts", bounds.contexts, _is_filled, "a context of a kubeconfig"),
        ("types", entry.types, _matches(_TYPE), "a resource type by exact token"),
    )
    for place, items, fits, form in lists:
        for item in items:
            yield place, item, fits, form


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: _is_filled(value) and re.fullmatch(pattern, value) is not None


def _is_filled(value: str) -> bool:
    return bool(value) and not is_placeholder(value) and _ODD.search(value) is None


def _is_budget(value: str) -> bool:
    return value == _EVERY_OTHER or _matches(NAME_PATTERN)(value)


def _is_notified(value: str) -> bool:
    return _matches(DOMAIN_PATTERN)(value) or _matches(MAIL_PATTERN)(value)
