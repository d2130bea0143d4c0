"""Check that deployed resources carry the cost tags, as reported by the provider."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mobile_ai.contracts.reading import Finding
from mobile_ai.governance.taggable import taggable_types
from mobile_ai.operations.audit.contract import Check, DeployedStack, Found

_RULE: Final = "cost-tags-required"
_PREFIX: Final = "mobile-ai:"


def _look(deployed: DeployedStack) -> Iterator[Found]:
    missing = coverage(deployed)
    for urn, lacking in missing.items():
        if lacking:
            yield Found(
                urn=urn,
                finding=Finding(
                    what=f"tags of {urn.rpartition('::')[2]}",
                    got=f"no {', '.join(lacking)} ({_share(missing)} have all)",
                    expected="every cost tag on what is deployed, as the provider lists them",
                    next_step="run `mobile-ai up` again; if still missing, set them by hand",
                ),
            )


def coverage(deployed: DeployedStack) -> dict[str, tuple[str, ...]]:
    """Return the cost tags that each taggable AWS resource lacks, by URN.

    The AWS provider's `tagsAll` output contains a resource's own tags and the default ones.
    """
    required = deployed.facts.setting.config.parameters[_RULE]["required"]
    return {
        item.urn: tuple(
            f"{_PREFIX}{name}"
            for name in required
            if not _tags(deployed.outputs.get(item.urn, {})).get(f"{_PREFIX}{name}")
        )
        for item in deployed.resources
        if item.type in taggable_types()
    }


def _tags(outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    found = outputs.get("tagsAll") or outputs.get("tags")
    return found if isinstance(found, Mapping) else {}


def _share(missing: Mapping[str, tuple[str, ...]]) -> str:
    return f"{sum(not lacking for lacking in missing.values())} of {len(missing)} resources"


tags_deployed = Check(
    id="tags-deployed",
    title="Every taggable resource that is deployed carries the cost tags.",
    severity="medium",
    frameworks=("FinOps Framework: Allocation",),
    look=_look,
)
"""Check: deployed resources have their cost tags."""
