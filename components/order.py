"""Order between components."""

import pulumi

__all__ = ["after"]


def after(*resources: pulumi.Resource) -> pulumi.Output[list[pulumi.Resource]]:
    """Return a ``depends_on`` that waits for components too.

    Pulumi takes a dependency on a component for one on its children, so a component
    without children is waited for by nobody. An output that knows the URN waits for the
    registration itself, and so for the verdict on it.
    """
    urns = pulumi.Output.all(*(resource.urn for resource in resources))
    return urns.apply(lambda _: list(resources))
