"""Does the state run the model versions that Git pins?"""

from collections.abc import Iterator

from governance.reading import Finding
from governance.tokens import DEPLOYMENT

from operations.audit.contract import Check, Deployed, Found

__all__ = ["pins_as_in_git"]


def _look(deployed: Deployed) -> Iterator[Found]:
    urns = {item.name: item.urn for item in deployed.resources if item.type == DEPLOYMENT}
    for name in sorted({*urns, *deployed.declared}):
        running, pinned = deployed.pins.get(name), deployed.declared.get(name)
        if name in urns and running is None:
            yield _found(name, urns[name], "a deployment without a readable model", str(pinned))
        elif running != pinned:
            yield _found(name, urns.get(name, ""), str(running or "nothing"), _wanted(pinned))


def _wanted(pinned: object) -> str:
    return f"{pinned}, as the stack file in Git pins it" if pinned else "nothing: Git has none"


def _found(name: str, urn: str, got: str, expected: str) -> Found:
    return Found(
        urn=urn,
        finding=Finding(
            what=f"deployment {name}",
            got=got,
            expected=expected,
            next_step="run the pipeline on this commit, or find who deployed past it",
        ),
    )


pins_as_in_git = Check(
    id="pins-as-in-git",
    title="Every deployment runs the model version that Git pins.",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 4.1", "NIST 800-53 CM-3"),
    look=_look,
)
