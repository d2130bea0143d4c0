"""Finds and updates the manifest digests that stack files pin.

A pin is any mapping with ``manifest`` and ``sha256``. An update replaces only the characters of the
digest, so that comments and layout are preserved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["Pin", "pins_in", "renew_pins"]


_PREVIOUS: Final = "previous"  # a deployment's rollback target


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A manifest and the digest that a stack file gives for it.

    Attributes:
        manifest: Path relative to the repository.
        sha256: The pinned digest.
        start: Start offset of the digest in the text.
        end: End offset of the digest.
        deployed: Whether the stack deploys it; false for a rollback target.
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
    """Update the pins of a stack file and return the number of changed pins.

    Args:
        path: The stack file.
        digests: New digests by manifest path relative to the repository.
    """
    text = path.read_text("utf-8")
    changed = 0
    for pin in reversed(pins_in(text)):
        digest = digests.get(pin.manifest, pin.sha256)
        if digest != pin.sha256:
            # Quoted: YAML resolves a digest of digits, or of digits and one "e", as a number.
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
