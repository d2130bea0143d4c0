"""Reads ``controls.yaml``: published controls, each with a violation or a reason."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import pod_path
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene, changed, without

__all__ = ["Control", "claims", "read_controls"]

_FILE = Path(__file__).parent / "controls.yaml"
# Families whose ids a rule names one by one, with their prefix in the table.
_FAMILIES = (
    ("AWS FSBP ", "FSBP "),
    ("CIS AWS ", "CIS AWS "),
    ("CIS Kubernetes ", "CIS Kubernetes "),
)


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control on one property of a listed type."""

    ids: tuple[str, ...]
    type: str
    path: str
    edits: dict[str, Any]
    container: dict[str, Any] | None
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.ids[0]}-{self.type.rpartition(':')[2]}-{self.path}"

    def violated(self, scene: Scene) -> Resource:
        """Return a resource that violates this control and no other."""
        resource = passing(scene, self.type)
        if self.container is not None:
            (own,) = json.loads(resource.props["containerDefinitions"])
            resource = changed(
                resource, "containerDefinitions", to=json.dumps([{**own, **self.container}])
            )
        for path, value in self.edits.items():
            keys = tuple(_key(item) for item in path.split("."))
            resource = (
                without(resource, *keys) if value is None else changed(resource, *keys, to=value)
            )
        return resource


def passing(scene: Scene, token: str) -> Resource:
    """Return a resource of a type that no resource rule denies."""
    base = _document()["bases"].get(token)
    if base is not None:
        return scene.resource(token, base, name="sample")
    return scene.workload() if token == "kubernetes:apps/v1:Deployment" else scene.sample(token)


def read_controls() -> tuple[Control, ...]:
    """Return every control of the table."""
    return tuple(_control(row) for row in _document()["controls"])


def claims() -> Iterator[tuple[str, str]]:
    """Yield each rule with each id of a published control that it says it serves."""
    for rule in catalogue():
        for text in rule.frameworks:
            for written, prefix in _FAMILIES:
                if text.startswith(written) and re.search(r"\d", text):
                    for name in _named(text.removeprefix(written)):
                        yield rule.id, f"{prefix}{name}"


@cache
def _document() -> Any:
    return read_yaml(_FILE.read_text(encoding="utf-8"), name=_FILE.name)


def _control(row: dict[str, Any]) -> Control:
    pod = row.get("pod", {})
    place = ".".join(pod_path(row["type"])) if pod else ""
    edits = {**row.get("set", {}), **{f"{place}.{path}": value for path, value in pod.items()}}
    named = row.get("property") or ", ".join((*row.get("set", {}), *pod, *row.get("container", {})))
    return Control(
        ids=tuple(row["ids"]),
        type=row["type"],
        path=named,
        edits=edits,
        container=row.get("container"),
        rule=row.get("rule", ""),
        reason=row.get("reason", ""),
    )


def _key(text: str) -> str | int:
    # `=` stands for a dot inside a key.
    return int(text) if text.isdigit() else text.replace("=", ".")


def _named(text: str) -> Iterator[str]:
    """Yield the ids of a list such as `5.1.1 to 5.1.4, and 5.1.8` or `CloudFront.1, .3 and .7`."""
    service = ""
    for part in re.split(r", and |, | and ", text):
        first, _, last = part.partition(" to ")
        service = first.partition(".")[0] if first[:1].isalpha() else service
        name = f"{service}{first}" if first.startswith(".") else first
        stem, _, number = name.rpartition(".")
        end = int(last.rpartition(".")[2]) if last else int(number)
        for value in range(int(number), end + 1):
            yield f"{stem}.{value}"
