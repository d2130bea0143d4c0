"""Updates the baseline in an exported state to that of the next run."""

from collections.abc import Mapping
from typing import Any

from mobile_ai.contracts.deployed import STATE
from mobile_ai.contracts.tokens import DEPLOYED
from mobile_ai.contracts.tokens import STACK as ROOT


def settled(export: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an exported state whose `Deployed` has the baseline from the stack's outputs.

    The component is registered before the rest is deployed, so its inputs are of the previous
    state. Without the output, as after a first `up` that failed, the state is returned unchanged.
    """
    deployment = export.get("deployment") or {}
    rows = deployment.get("resources") or []
    outputs = next((row.get("outputs") or {} for row in rows if row.get("type") == ROOT), {})
    text = outputs.get("deployed")
    if not isinstance(text, str):
        return export
    told = {"found": STATE, "text": text, "proposed": text}
    resources = [
        {**row, "inputs": told, "outputs": told} if row.get("type") == DEPLOYED else row
        for row in rows
    ]
    return {**export, "deployment": {**deployment, "resources": resources}}
