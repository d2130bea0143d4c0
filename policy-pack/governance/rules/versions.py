"""May this version of the model run, and in this direction?"""

from __future__ import annotations

import re
from typing import Final

from governance.case import Case
from governance.rule import Parameter, Rule, resource_rule
from governance.tokens import DEPLOYMENT

__all__ = ["RULES", "version_key"]

_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")


@resource_rule(
    id="model-version-allowed",
    title="The model version is one that the environment allows.",
    group="responsible_ai",
    severity="high",
    frameworks=("EU AI Act Art. 9", "NIST AI RMF MANAGE 2.4"),
    remediation="pin an allowed version, or have the pack's config changed by its owners",
    applies_to=(DEPLOYMENT,),
    parameters={
        "allowed": Parameter(
            default=[],
            doc="`model` or `model@version`; an empty list allows every verified one.",
            weaker="more",
        ),
        "denied": Parameter(default=[], doc="`model` or `model@version`.", weaker="fewer"),
        "minimum": Parameter(default=[], doc="Lowest allowed `model@version`.", weaker="fewer"),
    },
)
def model_version_allowed(case: Case) -> None:
    """Check the pinned version against the lists."""
    identity, version = case.at("spec", "aiModel", "id"), case.at("spec", "aiModel", "version")
    if version_key(version.text()) is None:
        version.require(lambda _: False, "a semantic version")
        return
    names = {identity.text(), f"{identity.text()}@{version.text()}"}
    allowed, denied = case.parameters["allowed"], case.parameters["denied"]
    if allowed and not names & set(allowed):
        version.deny(f"one of {allowed} for {identity.text()}")
    if names & set(denied):
        version.deny(f"none of {denied}")
    for lowest in case.parameters["minimum"]:
        _check_minimum(case, lowest)


def _check_minimum(case: Case, lowest: str) -> None:
    model, _, minimum = lowest.partition("@")
    version = case.at("spec", "aiModel", "version")
    if case.at("spec", "aiModel", "id").text() == model:
        least, found = version_key(minimum), version_key(version.text())
        if least is None or found is None or found < least:
            version.deny(f"at least {minimum}")


def version_key(text: str) -> tuple[int, int, int, bool] | None:
    """Return what orders semantic versions, a pre-release before its release; or ``None``."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    major, minor, patch, suffix = match.groups()
    return int(major), int(minor), int(patch), suffix is None


RULES: Final[tuple[Rule, ...]] = (model_version_allowed,)
