"""Dependency ordering between components."""

import pulumi


def after(*resources: pulumi.Resource) -> pulumi.Output[list[pulumi.Resource]]:
    """Return a ``depends_on`` value that also waits for components without children.

    Pulumi expands a dependency on a component to its children, so a component without children is
    not waited for. An output that depends on the URN waits for the registration itself, and so for
    the policy result.
    """
    urns = pulumi.Output.all(*(resource.urn for resource in resources))
    return urns.apply(lambda _: list(resources))
