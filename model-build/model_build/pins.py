"""Pins in stack files: which manifest digest each deployment names, and renewing them.

A pin is any mapping with ``manifest`` and ``sha256``. Renewing replaces the characters of
the digest and nothing else, so comments and layout stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["Pin", "pins_in", "renew_pins"]


_PREVIOUS: Final = "previous"  # of a deployment: the version that a rollback returns to


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A manifest and the digest that a stack file gives for it.

    Attributes:
        manifest: Path from the repository.
        sha256: The digest given.
        start: Where the digest begins in the text.
        end: Where it ends.
        deployed: Whether the stack runs it; else it is what a deployment can go back to.
    """

    manifest: str
    sha256: str
    start: int
    end: int
    deployed: bool = True


def pins_in(text: str) -> list[Pin]:
    """Return every pin of a stack file, in order."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return [] if root is None else sorted(_pins(root), key=lambda pin: pin.start)


def renew_pins(path: Path, digests: Mapping[str, str]) -> int:
    """Give the pins of a stack file the digests named, and return how many changed.

    Args:
        path: The stack file.
        digests: New digest by manifest path from the repository.
    """
    text = path.read_text("utf-8")
    changed = 0
    for pin in reversed(pins_in(text)):
        digest = digests.get(pin.manifest, pin.sha256)
        if digest != pin.sha256:
            # Quoted: a digest of digits and one "e" would be read as a number.
            text = f'{text[: pin.start]}"{digest}"{text[pin.end :]}'
            changed += 1
    if changed:
        path.write_text(text, "utf-8")
    return changed


def _pins(node: Any, *, deployed: bool = True) -> Iterator[Pin]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _pins(item, deployed=deployed)
    if isinstance(node, yaml.MappingNode):
        values = {key.value: value for key, value in node.value}
        manifest, digest = values.get("manifest"), values.get("sha256")
        if isinstance(manifest, yaml.ScalarNode) and isinstance(digest, yaml.ScalarNode):
            yield Pin(
                manifest=manifest.value,
                sha256=digest.value,
                start=digest.start_mark.index,
                end=digest.end_mark.index,
                deployed=deployed,
            )
        for key, value in values.items():
            yield from _pins(value, deployed=deployed and key != _PREVIOUS)
