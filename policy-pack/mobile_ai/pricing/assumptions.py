"""Usage assumptions for what a plan does not declare, as bands that a what-if can override.

None of these is a price. A source or measurement is named where one exists; the others are the
project's own planning figures, deliberately wide, and superseded by measured usage.
"""

# ruff: noqa: RUF009  # Band is frozen, so that instances may share a default

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Final

from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.values import ONE, Band, decimal_of

_SHARES: Final = frozenset(
    {
        "patch_share",
        "patch_misses",
        "origin_miss_share",
        "europe_share",
        "cloud_share",
        "parquet_share",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Planning figures; the names carry the units.

    A share is from 0 to 1. Requests and devices come from a deployment's own ``usage``.
    """

    hours_per_month: Band = Band.of("730", "730", "730")  # 365.25 x 24 / 12, as AWS counts
    usage_factor: Band = Band.of("0.8", "1", "1.25")  # of declared usage; less is denied
    # Delivery.
    patch_share: Band = Band.of("0.15", "0.20", "0.30")  # of the full file
    patch_misses: Band = Band.of("0.05", "0.20", "1")  # devices that take the full file
    checks_per_device: Band = Band.of("15", "30", "60")
    metadata_bytes_per_check: Band = Band.of("400", "1600", "4000")
    requests_per_check: Band = Band.of("1", "2", "3")
    requests_per_update: Band = Band.of("2", "4", "8")
    origin_miss_share: Band = Band.of("0.0001", "0.001", "0.01")
    europe_share: Band = Band.of("0.7", "0.7", "0.7")  # of devices; the rest in North America
    # Inference.
    cloud_share: Band = Band.of("0.02", "0.10", "0.50")  # where edge sites serve the same model
    function_seconds: Band = Band.of("0.03", "0.10", "0.25")
    log_bytes_per_request: Band = Band.of("300", "600", "1200")
    node_cpu: Band = Band.of("2", "4", "8")  # of a site's node, where the site does not say
    node_memory_gb: Band = Band.of("8", "16", "32")
    # Telemetry.
    events_per_device: Band = Band.of("15", "30", "60")
    event_bytes: Band = Band.of("500", "1000", "2000")
    parquet_share: Band = Band.of("0.1", "0.2", "0.4")
    athena_tb: Band = Band.of("0.01", "0.10", "1")
    # Everything else.
    quiet_log_gb: Band = Band.of("0.01", "0.05", "0.5")  # a log group without request traffic
    log_bucket_gb: Band = Band.of("0.5", "2", "20")
    artifact_gb: Band = Band.of("0.5", "2", "20")
    image_gb: Band = Band.of("0.5", "1", "5")
    flow_log_gb: Band = Band.of("0.05", "0.5", "5")
    kms_requests_per_key: Band = Band.of("2000", "20000", "200000")
    balancer_units: Band = Band.of("0.05", "0.2", "1")
    endpoint_gb: Band = Band.of("1", "5", "50")
    nat_gb: Band = Band.of("5", "20", "200")
    secret_requests: Band = Band.of("500", "2000", "20000")
    queue_requests: Band = Band.of("0", "1000", "100000")
    notifications: Band = Band.of("0", "100", "10000")
    function_calls: Band = Band.of("10", "1000", "20000")  # a function that no schedule names
    dns_queries: Band = Band.of("1000", "100000", "1000000")
    container_insight_metrics: Band = Band.of("15", "30", "60")
    custom_metrics: Band = Band.of("2", "5", "10")
    database_growth: Band = Band.of("1", "1", "1.5")
    cross_region_gb: Band = Band.of("0", "1", "20")
    site_storage_ceiling_usd: Band = Band.of("1", "1", "1")  # a GB-month of a site's own storage
    # On devices: reported, not billed.
    inferences_per_device: Band = Band.of("300", "3000", "30000")
    inference_millijoule: Band = Band.of("1", "5", "50")
    usd_per_kwh: Band = Band.of("0.15", "0.30", "0.45")

    def changed(self, values: Mapping[str, str]) -> Assumptions:
        """Return a copy with some figures set exactly.

        Args:
            values: Figures by name, in camelCase or snake_case.

        Raises:
            CostError: If there is no such figure, or its value is out of range.
        """
        known = {item.name: item.name for item in fields(self)}
        known |= {_camel(name): name for name in known.values()}
        bands: dict[str, Band] = {}
        for key, value in values.items():
            if key not in known:
                raise CostError(
                    f"what-if {key!r}",
                    got="an unknown name",
                    expected=f"one of {', '.join(sorted(set(map(_camel, known.values()))))}",
                    next_step="see docs/cost.md",
                )
            exact: Decimal = decimal_of(value, what=f"what-if {key}")
            if known[key] in _SHARES and exact > ONE:
                raise CostError(
                    f"what-if {key}",
                    got=value,
                    expected="a share from 0 to 1",
                    next_step="write 0.3 for 30 percent (docs/cost.md, Assumptions)",
                )
            bands[known[key]] = Band.flat(exact)
        return replace(self, **bands)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
