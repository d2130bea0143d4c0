"""Cost model: speed at 1,000 and 10,000 resources, unpriced share, exact search."""

import gc
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks._clock import alternate
from benchmarks._row import Row
from mobile_ai.contracts.resource import ProviderReference, Resource
from mobile_ai.pricing import Catalogue, estimate, load_catalogue
from mobile_ai.pricing.items import asked_rows, regions_of
from mobile_ai.pricing.recorded import resources_of_events
from mobile_ai.pricing.search import Choice, cheapest, cost_of

__all__ = ["IDS", "rows"]

IDS = (
    "cost.estimate_1000_s",
    "cost.growth_10x",
    "cost.unpriced_share_prod",
    "recommend.optimality_gap_max",
    "prices.rows_with_price",
)
_ROUNDS = 7
_CASES = 200
_FOLDER = Path(__file__).parents[1]
_PROVIDER = ProviderReference(
    type="pulumi:providers:aws", name="aws", props={"region": "eu-central-1"}
)
_PROPS: dict[str, dict[str, Any]] = {
    "aws:kms/key:Key": {"enableKeyRotation": True},
    "aws:s3/bucket:Bucket": {},
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 30},
    "aws:lambda/function:Function": {"memorySize": 512, "architectures": ["arm64"]},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"period": 300},
    "aws:iam/role:Role": {},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]},
}


def rows() -> Iterator[Row]:
    """Measure with the pack's own catalogue, and compare the search with enumeration."""
    catalogue = load_catalogue(_FOLDER / "policy-pack" / "mobile_ai" / "pricing" / "prices")
    small, large = _seconds(catalogue)
    least = f"CPU time, least of {_ROUNDS} rounds in turns"
    yield Row(
        id=IDS[0],
        value=small,
        unit="s",
        peer="bar: 0.3",
        n=_ROUNDS,
        note=f"{least}, 1,000 resources, of ten estimates",
    )
    yield Row(
        id=IDS[1],
        value=large / small,
        unit="ratio",
        peer="linear: 10",
        n=_ROUNDS,
        note=f"{large:.2f} s for 10,000 against ten of 1,000, {least}; garbage collector on",
    )
    log = _FOLDER / "build" / "gate" / "prod.events.jsonl"
    if log.is_file():
        found = estimate(resources_of_events(log.read_text().splitlines()), catalogue)
        yield Row(
            id=IDS[2],
            value=float(found.unknown_share()),
            unit="share",
            peer="bar: 0.05",
            n=len(found.plan.resources),
            note="of resources with an unknown line; the rest is priced, or free with a source",
        )
    gap = max(_gap(seed) for seed in range(_CASES))
    note = "random placements and storage classes, exact search against all combinations"
    yield Row(id=IDS[3], value=gap, unit="USD", peer="enumeration; bar: 0", n=_CASES, note=note)
    yield _rows_with_price(catalogue)


def _rows_with_price(catalogue: Catalogue) -> Row:
    """Count the rows that an estimate can need and that have a price; name the others by kind."""
    asked = asked_rows(catalogue)
    lacking = [row for row in asked if not catalogue.prices[row].known]
    kinds = Counter(item.partition(".")[0] for item, _ in lacking)
    missing = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    known = len(asked) - len(lacking)
    return Row(
        id=IDS[4],
        value=known / len(asked),
        unit="share",
        peer="bar: 0.95",
        n=len(asked),
        note=f"{known} of {len(asked)} in {len(regions_of(catalogue))} regions; without: {missing}",
    )


def _seconds(catalogue: Catalogue) -> tuple[float, float]:
    """Return the CPU seconds of an estimate of 1,000 resources and of one of 10,000.

    Ten small estimates are timed together: they last as long as the large one, so that a busy
    machine disturbs both alike.
    """
    small, large = _resources(1_000), _resources(10_000)
    gc.collect()
    taken = alternate(
        {
            "small": lambda: [estimate(small, catalogue).total() for _ in range(10)],
            "large": lambda: estimate(large, catalogue).total(),
        },
        repeats=_ROUNDS,
    )
    return min(taken["small"].cpu) / 10, min(taken["large"].cpu)


def _resources(count: int) -> list[Resource]:
    tokens = itertools.cycle(_PROPS.items())
    return [
        Resource(type=token, name=f"r{i}", urn=f"urn:{i}", props=props, provider=_PROVIDER)
        for i, (token, props) in zip(range(count), tokens, strict=False)
    ]


def _gap(seed: int) -> float:
    draw = random.Random(seed)  # noqa: S311  # a repeatable case, not a secret
    slots = [
        [
            Choice(
                label=f"{slot}-{i}",
                fixed_usd=Decimal(draw.randrange(0, 5_000)) / 100,
                capacity=Decimal(draw.randrange(0, 60)),
                usd_per_request=Decimal(draw.randrange(0, 40)) / 10_000_000,
            )
            for i in range(draw.randrange(1, 6))
        ]
        for slot in range(draw.randrange(1, 5))
    ]
    storage = [
        Choice(label=f"after {day} days", fixed_usd=Decimal(draw.randrange(0, 5_000)) / 100)
        for day in range(draw.randrange(1, 6))
    ]
    rate = Decimal(draw.randrange(0, 120))
    costs = [cost_of(chosen, rate) for chosen in itertools.product(*slots, storage)]
    best = min((cost for cost in costs if cost is not None), default=None)
    answers, stored = cheapest(slots, rate=rate), cheapest([storage], rate=Decimal(0))
    if best is None or not answers:
        return 0.0 if best is None and not answers else float("inf")
    return float(answers[0].usd + stored[0].usd - best)
