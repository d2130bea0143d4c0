"""Collects the program's resources in the form that pricing reads."""

from typing import Any

import pulumi

from mobile_ai.contracts.resource import PROVIDERS, ProviderReference, Resource, provider_props

_STACK = "pulumi:pulumi:Stack"


class PlannedResource:
    """Collects the inputs of every resource during an `up`; stays empty at preview."""

    def __init__(self) -> None:
        """Register the transform that observes later declarations."""
        self.resources: list[Resource] = []
        self._providers: dict[str, ProviderReference] = {}
        if not pulumi.runtime.is_dry_run():
            pulumi.runtime.register_resource_transform(self._take)

    async def _take(self, args: pulumi.ResourceTransformArgs) -> None:
        parent = await args.opts.parent.urn.future() if args.opts.parent else None
        urn = _urn(args.type_, args.name, parent)
        # All inputs are known here: the engine calls the transform at registration.
        props: dict[str, Any] = dict(await pulumi.Output.from_input(args.props).future() or {})
        provider = args.opts.provider
        reference = await provider.urn.future() if provider else None
        if args.type_.startswith(PROVIDERS):
            self._providers[urn] = ProviderReference(
                type=args.type_, name=args.name, props=provider_props(props)
            )
        self.resources.append(
            Resource(
                type=args.type_,
                name=args.name,
                urn=urn,
                props=props,
                parent=parent,
                provider=self._providers.get(reference or ""),
            )
        )


def _urn(kind: str, name: str, parent: str | None) -> str:
    above = parent.split("::")[2] if parent else _STACK
    qualified = kind if above == _STACK else f"{above}${kind}"
    return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{qualified}::{name}"
