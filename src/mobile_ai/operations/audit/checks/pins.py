"""Check that the state runs the model versions that Git pins."""

from collections.abc import Iterator
from functools import partial

from mobile_ai.contracts.reading import Finding
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.operations.audit.contract import Check, DeployedStack, Found


def _look(deployed: DeployedStack) -> Iterator[Found]:
    urns = {item.name: item.urn for item in deployed.resources if item.type == DEPLOYMENT}
    for name in sorted({*urns, *deployed.declared}):
        running, pinned = deployed.pins.get(name), deployed.declared.get(name)
        if running is None and name in urns:
            got = "a deployment without a readable model"
        elif running != pinned:
            got = str(running or "nothing")
        else:
            continue
        yield Found(
            urn=urns.get(name, ""),
            finding=Finding(
                what=f"deployment {name}",
                got=got,
                expected=_wanted(pinned),
                next_step="run the pipeline on this commit, or find who deployed outside of it",
            ),
            author=partial(deployed.pinned_by, name),
        )


def _wanted(pinned: object) -> str:
    return f"{pinned}, as the stack file in Git pins it" if pinned else "nothing: Git has none"


pins_as_in_git = Check(
    id="pins-as-in-git",
    title="Every deployment runs the model version that Git pins.",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 4.1", "NIST 800-53 CM-3"),
    look=_look,
)
"""Check: deployed model versions are those that Git declares."""
