"""Sentences about a price that the catalogue lacks, with the command that fetches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.offers import offer_of

if TYPE_CHECKING:
    from mobile_ai.pricing.catalogue import Catalogue


def missing_price(catalogue: Catalogue, item: str, region: str) -> str:
    """Return what is missing and the next step, in one sentence for a line of an estimate."""
    return (
        f"no price for {_named(catalogue, item, region)}: {next_step_for(catalogue, item, region)}"
    )


def missing_error(catalogue: Catalogue, item: str, region: str, *, expected: str) -> CostError:
    """Return the error for a missing price without which nothing can be computed."""
    return CostError(
        f"price of {_named(catalogue, item, region)}",
        got="none",
        expected=expected,
        next_step=next_step_for(catalogue, item, region),
    )


def next_step_for(catalogue: Catalogue, item: str, region: str) -> str:
    """Return the commands that fetch a price and that declare one."""
    declare = f"`mobile-ai cost prices declare {item} --region {region}`"
    if offer_of(item) is None or "-" not in region or region.startswith("edge:"):
        return f"run {declare}"  # the price list cannot be asked for it
    service = _service(catalogue, item)
    fetch = f"`mobile-ai cost prices refresh --region {region} --service {service} --write`"
    return f"run {fetch} or {declare}"


def _named(catalogue: Catalogue, item: str, region: str) -> str:
    known = catalogue.sample(item)
    unit = f", per {known.unit}" if known else ""
    return f"{item} ({_service(catalogue, item)}{unit}) in {region}"


def _service(catalogue: Catalogue, item: str) -> str:
    known = catalogue.sample(item)
    return known.service if known else item.partition(".")[0]
