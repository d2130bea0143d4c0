"""What the last successful `up` deployed, for the rules: the second resource of every stack.

An engine tells a policy pack nothing of the state. So the program reads the outputs of its own
stack, as a stack reference does, and puts the baseline among them into the plan.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from governance.deployed import FIRST, MISSING, STATE
from governance.tokens import DEPLOYED, DEPLOYMENT

from components.order import after

__all__ = ["OUTPUT", "Deployed", "DeployedArgs", "last_deployed"]

OUTPUT = "deployed"
"""The stack output that holds the baseline of the next run."""

# Functions of the engine's own provider (pkg/resource/deploy/builtins.go of pulumi/pulumi). The
# first is what a StackReference reads; as a resource that would keep a copy of all outputs, which
# every refresh finds changed.
_OUTPUTS = "pulumi:pulumi:readStackOutputs"
_RESOURCES = "pulumi:pulumi:readStackResourceOutputs"


class DeployedArgs(TypedDict):
    """A baseline, plain at preview too."""

    found: pulumi.Input[str]
    """``state``, ``first`` or ``missing`` (see ``governance.deployed``)."""
    text: pulumi.Input[str]
    """The output ``deployed`` of the last successful `up`; empty where there was none."""


class Deployed(pulumi.ComponentResource):
    """Carries the baseline in the plan and in the state; creates nothing."""

    def __init__(
        self, name: str, args: DeployedArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the baseline as inputs and as outputs."""
        baseline = dict(args)
        super().__init__(DEPLOYED, name, baseline, opts)
        self.register_outputs(baseline)


def last_deployed(context: pulumi.Resource) -> DeployedArgs:
    """Return the baseline that the stack's own outputs hold, read after ``context``."""
    outputs = _read(_OUTPUTS, "name", pulumi.InvokeOutputOptions(depends_on=after(context)))
    found = outputs.apply(_found)
    return {
        "found": found.apply(lambda item: item["found"]),
        "text": found.apply(lambda item: item["text"]),
    }


def _found(outputs: Mapping[str, Any]) -> pulumi.Input[dict[str, str]]:
    text = outputs.get(OUTPUT)
    if isinstance(text, str):
        return {"found": STATE, "text": text}
    resources = _read(_RESOURCES, "stackName", pulumi.InvokeOutputOptions())
    return resources.apply(lambda rows: {"found": without_output(rows), "text": ""})


def without_output(resources: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what a state without the output means.

    A first `up` that failed leaves deployments and no output; its ``Deployed`` says that it was the
    first, and the next one is the first still.

    Args:
        resources: Type and outputs of every resource of the state, by URN.
    """
    rows = resources.values()
    said = [(row.get("outputs") or {}).get("found") for row in rows if row["type"] == DEPLOYED]
    deployed = any(row["type"] == DEPLOYMENT for row in rows)
    return MISSING if deployed and said != [FIRST] else FIRST


def _read(
    function: str, argument: str, opts: pulumi.InvokeOutputOptions
) -> pulumi.Output[Mapping[str, Any]]:
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = pulumi.runtime.invoke_output(function, {argument: stack}, opts)
    # One secret output makes the whole answer secret, and rules read no secrets.
    return pulumi.Output.unsecret(answer.apply(lambda value: value["outputs"]))
