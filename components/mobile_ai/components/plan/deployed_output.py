"""Stack output that becomes the baseline of the next run.

It waits for every resource, so that an `up` with a failed resource keeps the output of the last
successful one.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pulumi

from mobile_ai.components.plan.deployed import LastDeployed
from mobile_ai.components.plan.documents import deployment_document, image_references
from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.deployed import Baseline, read_deployed, write_deployed
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.records import withdrawn_until
from mobile_ai.contracts.released import read_release
from mobile_ai.contracts.resource import Resource
from mobile_ai.stack.load import StackInputs
from mobile_ai.stack.settings_digest import settings_digest


def declared_resources() -> list[pulumi.Resource]:
    """Return a list that collects every resource declared from now on."""
    found: list[pulumi.Resource] = []
    pulumi.runtime.register_stack_transformation(lambda args: found.append(args.resource))
    return found


def deployed_output(
    inputs: StackInputs,
    last: LastDeployed,
    resources: Sequence[pulumi.Resource],
    planned: Sequence[Resource],
) -> pulumi.Output[str]:
    """Return the baseline text, once every resource has succeeded.

    A ring's time is that of the `up` that opened it, by the clock of the machine that runs it.

    Args:
        inputs: Inputs of the program.
        last: Baseline of this run, which is kept if a resource failed and the run continued
            (`--continue-on-error`).
        resources: Every resource of the program.
        planned: The same resources as pricing reads them; empty at preview, which keeps the
            previous costs.
    """

    def text(earlier: str) -> pulumi.Input[str]:
        before, baseline = _read(earlier, inputs.stack), deployed_baseline(inputs)
        if pulumi.runtime.is_dry_run():
            kept = replace(baseline, costs=before.costs).after(before, now="")
            return write_deployed(kept, stack=inputs.stack)
        waiting: Awaitable[bool] = asyncio.ensure_future(all_succeeded(resources))
        settled: pulumi.Output[bool] = pulumi.Output.from_input(waiting)

        def done(succeeded: bool) -> str:  # noqa: FBT001
            if not succeeded:
                return earlier
            now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            priced = replace(baseline, costs=_priced(planned))
            return write_deployed(priced.after(before, now=now), stack=inputs.stack)

        return settled.apply(done)

    return pulumi.Output.from_input(last["text"]).apply(text)


def proposed_text(inputs: StackInputs) -> str:
    """Return what the program is about to deploy, as baseline text without costs and times."""
    return write_deployed(deployed_baseline(inputs), stack=inputs.stack)


def deployed_baseline(inputs: StackInputs) -> Baseline:
    """Return the baseline of a stack file, without costs and progress."""
    texts = [record.text for record in inputs.records]
    release = read_release(inputs.release.metadata) if inputs.release.metadata else None
    return Baseline(
        released=frozenset(files.sha256 for files in inputs.models.values()),
        deployments={
            item.name: deployment_document(inputs.settings, item)["spec"]
            for item in inputs.settings.deployments
        },
        images=frozenset(image_references(inputs.settings.images).values()),
        release=release.versions if release else {},
        settings=settings_digest(inputs.settings),
        records=frozenset(map(sha256_text, texts)),
        withdrawn=_withdrawn(texts),
    )


def _withdrawn(texts: Iterable[str]) -> dict[str, str]:
    ends = {sha256_text(text): withdrawn_until(text) for text in texts}
    return {digest: end for digest, end in ends.items() if end is not None}


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


def _read(text: str, stack: str) -> Baseline:
    try:
        return read_deployed(text, stack=stack) if text else Baseline()
    except GovernanceError:
        return Baseline()  # the rules report what is wrong with it


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
