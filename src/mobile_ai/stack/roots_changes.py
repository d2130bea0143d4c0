"""Proposes a change of one value of the roots: who answers for it, and the file with it.

The plain form is edited, comments and order kept, for its owners to review. Signed roots get a next
version that waits for signatures; one that waits already is replaced, with the signatures it has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.bounds import MONEY
from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.roots import (
    Roots,
    draft_roots,
    parse_stacks,
    read_roots,
    roots_versions,
)
from mobile_ai.contracts.roots_signatures import (
    Needed,
    TrustsOf,
    missing_signatures,
    needed_signatures,
    write_versions,
)
from mobile_ai.stack.editor import edited_text

_PART: Final = re.compile(r"\[([^\[\]]*)\]|([^.\[\]]+)")
_END: Final = "+"
_IMAGES: Final = ("bounds", "images")

_refused = DocumentError.advising(
    "name a field of docs/policies.md, Bounds, such as 'bounds.domains[+]'; nothing was written"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change of the roots that its owners have not agreed to yet.

    Attributes:
        text: The file with it.
        roots: The newest version in it.
        owner: Who answers for the value: ``security`` or ``finops-approver``.
        needed: Signatures that it needs; of the plain form, by whom it would be signed.
    """

    text: str
    roots: Roots
    owner: str
    needed: tuple[Needed, ...]


def owner_of(path: str) -> str:
    """Return the role that answers for a value of a stack's entry."""
    parts = _parts(path)
    return "finops-approver" if parts[:1] == ["bounds"] and set(parts[1:2]) & MONEY else "security"


def propose(text: str, *, stack: str, path: str, value: str, trusts_of: TrustsOf) -> Proposal:
    """Return the roots with another value in a stack's entry.

    Args:
        text: The file.
        stack: The stack.
        path: Keys from the entry, such as ``bounds.domains[+]`` (a new item of a list) or
            ``bounds.issuers[https://login.example.com/]``.
        value: The value, as YAML.
        trusts_of: Returns the versions of a trust.

    Raises:
        GovernanceError: If there is no such stack or field, or the value does not fit it.
    """
    versions = roots_versions(text)
    versions[-1].stack(stack)
    parts, wanted = _parts(path), read_yaml(value, name=f"value of {path}")
    if versions[-1].envelope is None:
        changed = edited_text(text, lambda file: _set(file["stacks"][stack], parts, wanted))
        after = read_roots(changed)
        if after.stacks == versions[-1].stacks:
            changed = text
        needed = needed_signatures(versions[-1], after)
        return Proposal(text=changed, roots=after, owner=owner_of(path), needed=tuple(needed))
    waits = bool(missing_signatures(text, trusts_of=trusts_of))
    kept = versions[:-1] if waits else versions
    after = _next_version(versions[-1], kept, stack, parts, wanted)
    done = text
    if after.stacks != versions[-1].stacks:
        envelopes = [item.envelope for item in (*kept, after) if item.envelope is not None]
        done = write_versions(text, envelopes)
    needed = missing_signatures(done, trusts_of=trusts_of)
    return Proposal(text=done, roots=read_roots(done), owner=owner_of(path), needed=tuple(needed))


def _next_version(
    newest: Roots, kept: Sequence[Roots], stack: str, parts: Sequence[str], wanted: Any
) -> Roots:
    values = {name: item.to_dict() for name, item in newest.stacks.items()}
    _set(values[stack], parts, wanted)
    stacks = parse_stacks(values)
    number = len(kept) + 1
    return Roots(version=number, stacks=stacks, envelope=draft_roots(stacks, version=number))


def _set(entry: Any, parts: Sequence[str], wanted: Any) -> None:
    """Set the value at a path; missing mappings are created, and lists where an item is added."""
    place = entry
    for index, part in enumerate(parts[:-1]):
        following: Any = [] if parts[index + 1] == _END else {}
        if not isinstance(place, dict):
            raise _refused(part, f"a key of a {_kind(place)}", "a key of a mapping")
        if tuple(parts[: index + 1]) == _IMAGES and isinstance(place.get(part), list):
            # A plain list of repositories stands for a mapping of them without demands.
            place[part] = {item: {} for item in place[part]}
        place = place.setdefault(part, following)
    last = parts[-1]
    if last == _END:
        _append(place, wanted)
    elif isinstance(place, dict):
        place[last] = wanted
    else:
        raise _refused(last, f"a key of a {_kind(place)}", "a key of a mapping, or [+] of a list")


def _append(place: Any, wanted: Any) -> None:
    if isinstance(place, dict):
        raise _refused("[+]", "a mapping", "a list; name the key of a mapping, as in [key]")
    if wanted not in place:
        place.append(wanted)


def _kind(value: Any) -> str:
    return "list" if isinstance(value, list) else "single value"


def _parts(path: str) -> list[str]:
    found = [match.group(1) or match.group(2) for match in _PART.finditer(path)]
    if not found or None in found or "".join(_PART.sub("", path).split(".")):
        raise _refused(path, "no path of keys", "keys with dots between, others in [brackets]")
    return found
