"""Stack output that becomes the baseline of the next run.

It waits for every resource, so that an `up` with a failed resource keeps the output of the last
successful one.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace

import pulumi

from mobile_ai.components.plan.deployed import DeployedArgs
from mobile_ai.components.plan.documents import deployment_document, image_references
from mobile_ai.contracts.deployed import Baseline, read_deployed, write_deployed
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import Resource
from mobile_ai.stack.load import StackInputs


def declared_resources() -> list[pulumi.Resource]:
    """Return a list that collects every resource declared from now on."""
    found: list[pulumi.Resource] = []
    pulumi.runtime.register_stack_transformation(lambda args: found.append(args.resource))
    return found


def deployed_output(
    inputs: StackInputs,
    before: DeployedArgs,
    resources: Sequence[pulumi.Resource],
    planned: Sequence[Resource],
) -> pulumi.Output[str]:
    """Return the baseline text, once every resource has succeeded.

    Args:
        inputs: Inputs of the program.
        before: Baseline of this run, which is kept if a resource failed and the run continued
            (`--continue-on-error`).
        resources: Every resource of the program.
        planned: The same resources as pricing reads them; empty at preview, which keeps the
            previous costs.
    """

    def text(earlier: str) -> pulumi.Input[str]:
        baseline = deployed_baseline(inputs)
        if pulumi.runtime.is_dry_run():
            return write_deployed(
                replace(baseline, costs=_costs_of(earlier, inputs.stack)), stack=inputs.stack
            )
        waiting: Awaitable[bool] = asyncio.ensure_future(all_succeeded(resources))
        settled: pulumi.Output[bool] = pulumi.Output.from_input(waiting)
        return settled.apply(
            lambda done: (
                write_deployed(replace(baseline, costs=_priced(planned)), stack=inputs.stack)
                if done
                else earlier
            )
        )

    return pulumi.Output.from_input(before["text"]).apply(text)


def deployed_baseline(inputs: StackInputs) -> Baseline:
    """Return the baseline of a stack file, without costs."""
    return Baseline(
        released=frozenset(files.sha256 for files in inputs.models.values()),
        deployments={
            item.name: deployment_document(inputs.settings, item)["spec"]
            for item in inputs.settings.deployments
        },
        images=frozenset(image_references(inputs.settings.images).values()),
    )


async def all_succeeded(resources: Sequence[pulumi.Resource]) -> bool:
    """Return whether every resource succeeded; the engine leaves outputs of others unknown.

    Raises:
        Exception: If a registration failed, which terminates the program.
    """
    outputs = [
        value
        for resource in resources
        for value in vars(resource).values()
        if isinstance(value, pulumi.Output)
    ]
    return all(await asyncio.gather(*(output.is_known() for output in outputs)))


def _costs_of(text: str, stack: str) -> Mapping[str, str] | None:
    try:
        return read_deployed(text, stack=stack).costs if text else None
    except GovernanceError:
        return None  # the rules report what is wrong with it


def _priced(resources: Sequence[Resource]) -> Mapping[str, str]:
    # Preview leaves pricing to the pack: reading the catalogue takes a third of a second.
    from mobile_ai.pricing import CostError, estimate  # noqa: PLC0415
    from mobile_ai.pricing.budgets import costs_by_budget  # noqa: PLC0415
    from mobile_ai.pricing.catalogue import pack_catalogue  # noqa: PLC0415
    from mobile_ai.pricing.errors import UnknownInputError  # noqa: PLC0415

    try:
        return costs_by_budget(estimate(resources, pack_catalogue()))
    except (CostError, UnknownInputError):
        return {}  # unknown costs: a capped increase is then denied until it is approved
