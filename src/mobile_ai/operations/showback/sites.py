"""Charges of edge site nodes, for which no cloud sends a bill.

A node's cost is halved between CPU and memory; each half is split by the pods' requests, as
OpenCost does for requests (opencost.io/docs/specification). Unrequested capacity is idle and stays
so: spreading it would hide that a site is too large.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from mobile_ai.operations.showback.bill import Bill, Charge, require_price_currency
from mobile_ai.operations.showback.errors import ShowbackError
from mobile_ai.operations.showback.measured import MeasuredMonth, NodeHours, PodHours
from mobile_ai.operations.showback.split import DIGITS, split

_SERVICE: Final = "Edge site"
_HALVES: Final = ("cpu_millis", "memory_mb")


def with_sites(bill: Bill, measured: MeasuredMonth) -> Bill:
    """Return the bill with the charges of its sites' nodes added.

    They have an effective cost only, since they are not invoiced.

    Raises:
        ShowbackError: The bill is in another currency than node prices; else as `site_charges`.
    """
    if measured.nodes:
        require_price_currency(bill, "node prices")
    return replace(bill, charges=(*bill.charges, *site_charges(measured)))


def site_charges(measured: MeasuredMonth) -> Iterator[Charge]:
    """Yield the charges of every site's nodes; those of a site sum to its nodes' cost.

    Raises:
        ShowbackError: Pods requested more than the nodes have, or run at a site without nodes.
    """
    known = {node.site for node in measured.nodes}
    lost = sorted({pod.site for pod in measured.pods} - known)
    if lost:
        raise _wrong(lost[0], "pods and no nodes", "the node-hours of every site with pods")
    for node in measured.nodes:
        pods = [pod for pod in measured.pods if pod.site == node.site]
        yield from _of_site(node, pods)


def _of_site(node: NodeHours, pods: list[PodHours]) -> Iterator[Charge]:
    cost = round(node.hours * node.price_usd_per_hour, DIGITS)
    if not cost:
        return
    halves = split(cost, dict.fromkeys(_HALVES, Decimal(1)))
    for half, amount in halves.items():
        capacity = node.hours * getattr(node, half)
        weights = {str(i): pod.hours * getattr(pod, half) for i, pod in enumerate(pods)}
        idle = capacity - sum(weights.values())
        if idle < 0:
            raise _wrong(node.site, f"pods with more {half} than the nodes have", "less")
        for key, part in split(amount, {**weights, "idle": idle}).items():
            yield _charge(node, part, pods[int(key)] if key != "idle" else None)


def _charge(node: NodeHours, amount: Decimal, pod: PodHours | None) -> Charge:
    tags = {"idle": node.site}
    if pod is not None:
        tags = {"app": pod.app, "model": pod.model, "version": pod.version}
    return Charge(
        service=_SERVICE,
        category="Usage",
        resource=node.site,
        tags={key: value for key, value in tags.items() if value},
        billed=Decimal(0),
        effective=amount,
    )


def _wrong(site: str, got: str, expected: str) -> ShowbackError:
    return ShowbackError(
        f"edge site {site}", got=got, expected=expected, next_step="measure the month again"
    )
