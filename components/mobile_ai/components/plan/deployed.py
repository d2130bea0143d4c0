"""Baseline of the last successful `up`, passed to the rules as the stack's second resource.

The engine gives a policy pack no access to the state. The program therefore reads the outputs of
its own stack, as a stack reference does, and puts the baseline among them into the plan.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import pulumi

from mobile_ai.components.plan.dependencies import after
from mobile_ai.contracts.deployed import FIRST, NO_BASELINE, STATE, read_deployed
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.roots_folder import load_roots
from mobile_ai.contracts.tokens import DEPLOYED, DEPLOYMENT

OUTPUT = "deployed"
"""The stack output that holds the baseline of the next run."""

# Functions of the engine's own provider (pkg/resource/deploy/builtins.go of pulumi/pulumi). The
# first backs a StackReference; the resource form would copy all outputs into the state, and every
# refresh would report the copy as changed.
_OUTPUTS = "pulumi:pulumi:readStackOutputs"
_RESOURCES = "pulumi:pulumi:readStackResourceOutputs"


class LastDeployed(TypedDict):
    """A baseline, with values known at preview."""

    found: pulumi.Input[str]
    """``state``, ``first`` or ``missing`` (see ``mobile_ai.contracts.deployed``)."""
    text: pulumi.Input[str]
    """The output ``deployed`` of the last successful `up`; empty before the first."""


class DeployedArgs(LastDeployed):
    """A baseline, and what comes next."""

    proposed: str
    """The plan's deployments in the same form: rules know the step before any resource."""


class DeployedBaseline(pulumi.ComponentResource):
    """Carries the baseline in the plan and in the state; creates no cloud resource."""

    def __init__(
        self, name: str, args: DeployedArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the baseline as inputs and as outputs."""
        baseline = dict(args)
        super().__init__(DEPLOYED, name, baseline, opts)
        self.register_outputs(baseline)


def continued_stack(root: Path, stack: str) -> str | None:
    """Return the stack that the roots let a stack take over from, such as in another region."""
    try:
        return load_roots(root / "policy-pack").stack(stack).continues
    except GovernanceError:
        return None  # the pack denies every resource of such a stack, and says why


def last_deployed(context: pulumi.Resource, *, continues: str | None = None) -> LastDeployed:
    """Return the baseline from the stack's own outputs, read after ``context`` is registered.

    Args:
        context: The first resource.
        continues: Stack whose baseline counts where the stack itself was never deployed.
    """
    outputs = _read(_OUTPUTS, "name", pulumi.InvokeOutputOptions(depends_on=after(context)))
    found = outputs.apply(lambda values: _found(values, continues))
    return {
        "found": found.apply(lambda item: item["found"]),
        "text": found.apply(lambda item: item["text"]),
    }


def _found(outputs: Mapping[str, Any], continues: str | None) -> pulumi.Input[dict[str, str]]:
    text = outputs.get(OUTPUT)
    if isinstance(text, str):
        return {"found": STATE, "text": text}
    resources = _read(_RESOURCES, "stackName", pulumi.InvokeOutputOptions())
    found = resources.apply(partial(without_output, continues=continues))
    return found.apply(
        lambda word: (
            _taken_over(continues) if continues and word == FIRST else {"found": word, "text": ""}
        )
    )


def _taken_over(stack: str) -> pulumi.Output[dict[str, str]]:
    """Return the baseline of the stack that this one takes over from; first if it has none."""
    outputs = _read(_OUTPUTS, "name", pulumi.InvokeOutputOptions(), stack=stack)
    return outputs.apply(
        lambda values: {
            "found": STATE if isinstance(values.get(OUTPUT), str) else FIRST,
            "text": values.get(OUTPUT) or "",
        }
    )


def without_output(
    resources: Mapping[str, Mapping[str, Any]], *, continues: str | None = None
) -> str:
    """Return the meaning of a state that lacks the output: ``first`` or ``missing``.

    A first `up` that failed leaves deployments without the output. Its ``DeployedBaseline``
    resource records that it was the first, or the baseline of the stack that it took over from, so
    the next run still counts as the first.

    Args:
        resources: Type and outputs of every resource of the state, by URN.
        continues: Stack that this one takes over from.
    """
    rows = resources.values()
    said = [row.get("outputs") or {} for row in rows if row["type"] == DEPLOYED]
    deployed = any(row["type"] == DEPLOYMENT for row in rows)
    first = len(said) == 1 and (said[0].get("found") == FIRST or _is_of(said[0], continues))
    return NO_BASELINE if deployed and not first else FIRST


def _is_of(said: Mapping[str, Any], stack: str | None) -> bool:
    """Return whether a baseline resource holds the baseline of another stack."""
    if not stack or said.get("found") != STATE:
        return False
    try:
        read_deployed(str(said.get("text")), stack=stack)
    except GovernanceError:
        return False
    return True


def _read(
    function: str, argument: str, opts: pulumi.InvokeOutputOptions, *, stack: str = ""
) -> pulumi.Output[Mapping[str, Any]]:
    stack = stack or pulumi.get_stack()
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    answer = pulumi.runtime.invoke_output(function, {argument: name}, opts)
    # One secret output marks the whole response secret, and rules cannot read secrets.
    return pulumi.Output.unsecret(answer.apply(lambda value: value["outputs"]))
