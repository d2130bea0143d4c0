"""Recommends the placements of a deployment with the lowest cost that keep its service level.

Choices: a variant on devices; a variant and replica count at each site; a variant, memory size and
concurrency in the cloud. Choices that break a limit are rejected with a reason; the others are
searched exhaustively (``search``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from mobile_ai.contracts.manifest import UNSTATED, Artifact, Profile, Unknown
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import EDGE_ENDPOINT
from mobile_ai.pricing import values
from mobile_ai.pricing.demand import demand_of
from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.missing import missing_error
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.search import Answer, Choice, cheapest, cost_of
from mobile_ai.pricing.values import ONE, ZERO, decimal_of

_BUSY: Final = Decimal("0.7")
_MEMORIES_MB: Final = (256, 512, 1024, 2048)
_CONCURRENCIES: Final = (1, 2, 5, 10, 20, 50)
_MB: Final = Decimal(2**20)
# Artifact format by placement target.
_FORMATS: Final = {"on-device": "tflite", "edge": "onnx", "cloud": "onnx"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """Limits that a recommendation must keep.

    Attributes:
        quality_loss: Highest loss against the best variant, in the metric's unit.
        p95_ms: Highest p95 latency of one inference, milliseconds.
        energy_mj: Highest energy of one inference on a device, mJ; ``None`` for no limit.
        device_memory_mb: Highest peak memory on a device, MiB.
        regions: Regions in which data may be processed; empty for the deployment's own.
        minimum_replicas: Lowest replica count of a site that is used.
        maximum_replicas: Highest replica count of a site.
    """

    quality_loss: Decimal = Decimal("0.01")
    p95_ms: Decimal = Decimal(250)
    energy_mj: Decimal | None = None
    device_memory_mb: Decimal = Decimal(256)
    regions: frozenset[str] = frozenset()
    minimum_replicas: int = 1
    maximum_replicas: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRecommendation:
    """The recommendation for a deployment.

    Attributes:
        deployment: Its name.
        answers: Combinations of placements, lowest cost first.
        current_usd: Monthly cost of the current placements in the same cost model; ``None`` if
            they break a limit.
        rejected: Reasons for rejected variants and places.
    """

    deployment: str
    answers: tuple[Answer, ...]
    current_usd: Decimal | None
    rejected: tuple[str, ...] = field(default=())

    @property
    def saving_usd(self) -> Decimal:
        """Monthly saving of the best answer; 0 if there is none or the current cost is unknown."""
        if not self.answers or self.current_usd is None:
            return ZERO
        return max(self.current_usd - self.answers[0].usd, ZERO)


def recommend_placements(
    plan: Plan, deployment: Resource, *, level: ServiceLevel, keep: int = 3
) -> CostRecommendation:
    """Return the placements of a deployment with the lowest cost.

    Raises:
        CostError: If a price or a measurement of the model is missing.
        UnknownInputError: If its usage is unknown.
    """
    maker = _Maker(plan, deployment, level)
    slots = maker.slots()
    rate = values.amount(deployment.props, "spec", "usage", "requestsPerSecond")
    return CostRecommendation(
        deployment=deployment.name,
        answers=cheapest(slots, rate=rate, keep=keep),
        current_usd=maker.current(slots, rate),
        rejected=tuple(dict.fromkeys(maker.rejected)),
    )


class _Maker:
    """Generates the choices of one deployment."""

    def __init__(self, plan: Plan, deployment: Resource, level: ServiceLevel) -> None:
        self.plan, self.deployment, self.level = plan, deployment, level
        self.spec = values.value(deployment.props, "spec") or {}
        self.artifacts = plan.artifacts(deployment)
        self.rejected: list[str] = []
        own = values.text(self.spec, "dataProcessing", "region")
        self.regions = level.regions or frozenset({own})
        self.places = values.items(self.spec, "placement")

    def slots(self) -> list[list[Choice]]:
        devices = any(values.text(item, "target") == "on-device" for item in self.places)
        sites = [list(self._site(name)) for name in sorted(self.plan.sites)]
        return [
            list(self._devices()) if devices else [Choice(label="no devices", fixed_usd=ZERO)],
            *sites,
            list(self._cloud()),
        ]

    def current(self, slots: list[list[Choice]], rate: Decimal) -> Decimal | None:
        """Return the cost of the current placements if all of them are among the choices."""
        chosen = [next((c for c in slot if self._is_current(c)), None) for slot in slots]
        named = sum(1 for item in chosen if item and item.placement)
        if named != len(self.places):
            return None
        filled = [
            item or next(c for c in slot if c.placement is None)
            for item, slot in zip(chosen, slots, strict=True)
        ]
        return cost_of(filled, rate)

    def _is_current(self, choice: Choice) -> bool:
        if choice.placement is None:
            return False
        return any(_same(choice.placement, item) for item in self.places)

    def _devices(self) -> Iterator[Choice]:
        place = next(item for item in self.places if values.text(item, "target") == "on-device")
        for variant, _ in self._fit("on-device"):
            yield Choice(
                label=f"on-device {variant}",
                fixed_usd=self._delivery_usd(variant),
                placement={**place, "variant": variant},
            )

    def _site(self, name: str) -> Iterator[Choice]:
        yield Choice(label=f"{name}: none", fixed_usd=ZERO)
        site = self.plan.sites[name]
        if values.text(site, "region") not in self.regions:
            self.rejected.append(f"site {name}: {values.text(site, 'region')} is not allowed")
            return
        if site.get("nodePriceUsdPerHour") is None:
            raise CostError(
                f"nodePriceUsdPerHour of site {name}",
                got="none",
                expected="a known price: no optimum is guessed",
                next_step="state it in the stack file, under `sites`",
            )
        today: Mapping[str, Any] = next((i for i in self.places if i.get("site") == name), {})
        cores, memory = self._pod(name)
        for variant, profile in self._fit("edge"):
            each = self._replica_usd(site, cores, memory)
            seconds = _known(profile.latency_p95_ms, "latencyP95Ms") / 1000
            for count in range(self.level.minimum_replicas, self.level.maximum_replicas + 1):
                yield Choice(
                    label=f"{name}: {variant} x{count}",
                    fixed_usd=each * count,
                    capacity=count * cores * _BUSY / max(seconds, Decimal("0.0001")),
                    placement={
                        **today,
                        "target": "edge",
                        "variant": variant,
                        "site": name,
                        "replicas": {"min": count, "max": max(count, _most(today))},
                    },
                )

    def _pod(self, site: str) -> tuple[Decimal, Decimal]:
        """Return cores and MiB of one replica at a site, or the component's defaults."""
        for item in self.plan.by_type[EDGE_ENDPOINT]:
            if values.text(item.props, "site") == site:
                cores = values.amount(item.props, "cpuMillis", default=500) / 1000
                return cores, values.amount(item.props, "memoryMb", default=512)
        return Decimal("0.5"), Decimal(512)

    def _cloud(self) -> Iterator[Choice]:
        yield Choice(label="cloud: none", fixed_usd=ZERO)
        region = self.plan.region
        if region not in self.regions:
            self.rejected.append(f"cloud: {region} is not allowed")
            return
        clouds = (i for i in self.places if values.text(i, "target") == "cloud")
        today: Mapping[str, Any] = next(clouds, {})
        request = self._price("lambda.request", region) + self._price("apigateway.http", region)
        second, seconds = (
            self._price("lambda.arm", region),
            self.plan.assume.function_seconds.typical,
        )
        for variant, profile in self._fit("cloud"):
            peak = _known(profile.peak_memory_bytes, "peakMemoryBytes") / _MB
            for memory in (size for size in _MEMORIES_MB if size >= peak * 2):
                each = request + second * seconds * memory / 1024
                for copies in _CONCURRENCIES:
                    yield Choice(
                        label=f"cloud: {variant} {memory} MB x{copies}",
                        fixed_usd=ZERO,
                        capacity=copies / seconds * _BUSY,
                        usd_per_request=each,
                        placement={
                            **today,
                            "target": "cloud",
                            "variant": variant,
                            "region": region,
                            "reservedConcurrency": copies,
                            "memoryMb": memory,
                        },
                    )

    def _fit(self, target: str) -> Iterator[tuple[str, Profile]]:
        best = max((_quality(item) for item in self.artifacts.values()), default=ZERO)
        for variant, item in sorted(self.artifacts.items()):
            if item.format != _FORMATS[target]:
                continue
            why = self._unfit(item, target, best)
            if item.profile is None or why:
                self.rejected.append(f"{target} {variant}: {why}")
            else:
                yield variant, item.profile

    def _unfit(self, item: Artifact, target: str, best: Decimal) -> str:
        profile = item.profile
        if profile is None or UNSTATED in {profile.latency_p95_ms, profile.peak_memory_bytes}:
            return "not measured"
        latency = _known(profile.latency_p95_ms, "latencyP95Ms")
        memory = _known(profile.peak_memory_bytes, "peakMemoryBytes") / _MB
        energy, most = profile.energy_mj, self.level.energy_mj
        if _quality(item) < best - self.level.quality_loss:
            return f"quality {_quality(item)} is below {best - self.level.quality_loss}"
        if latency > self.level.p95_ms:
            return f"p95 {latency} ms is above {self.level.p95_ms}"
        if target == "on-device" and memory > self.level.device_memory_mb:
            return f"{memory:.0f} MB is above {self.level.device_memory_mb}"
        if target == "on-device" and most is not None and (energy == UNSTATED or energy > most):
            return f"energy {energy} mJ is above {most}"
        return ""

    def _delivery_usd(self, variant: str) -> Decimal:
        spec = {**self.spec, "placement": [{"target": "on-device", "variant": variant}]}
        demand = demand_of(
            self.deployment.name,
            {**self.deployment.props, "spec": spec},
            artifacts=self.artifacts,
            assume=self.plan.assume,
        )
        europe = self.plan.assume.europe_share.typical
        total = ZERO
        for place, part in (("edge:europe", europe), ("edge:us", ONE - europe)):
            total += self._cost("cloudfront.egress", place, demand.delivered_gb.typical * part)
            total += self._cost(
                "cloudfront.request.https", place, demand.cdn_requests.typical * part
            )
        return total

    def _replica_usd(self, site: Mapping[str, Any], cores: Decimal, memory: Decimal) -> Decimal:
        assume = self.plan.assume
        price = decimal_of(site["nodePriceUsdPerHour"], what="nodePriceUsdPerHour")
        cpu = decimal_of(site.get("nodeCpu", assume.node_cpu.typical), what="nodeCpu")
        gb = decimal_of(
            site.get("nodeMemoryGb", assume.node_memory_gb.typical), what="nodeMemoryGb"
        )
        return price * assume.hours_per_month.typical * max(cores / cpu, memory / 1024 / gb)

    def _price(self, item: str, region: str) -> Decimal:
        return self._cost(item, region, ONE)

    def _cost(self, item: str, region: str, quantity: Decimal) -> Decimal:
        price = self.plan.catalogue.find(item, region)
        if price is None or not price.known:
            raise missing_error(
                self.plan.catalogue,
                item,
                region,
                expected="a known price: no optimum is guessed",
            )
        return price.cost(quantity)


def _quality(item: Artifact) -> Decimal:
    return ZERO if item.quality is None else decimal_of(item.quality.value, what="quality")


def _known(figure: float | Unknown, what: str) -> Decimal:
    return decimal_of(figure, what=f"profile.{what}")


def _most(placement: Mapping[str, Any]) -> int:
    return int(values.amount(placement, "replicas", "max"))


def _same(choice: Mapping[str, Any], today: Mapping[str, Any]) -> bool:
    keys = ("target", "variant", "site", "region", "reservedConcurrency", "memoryMb")
    if any(choice.get(key) != today.get(key) for key in keys if key in choice):
        return False
    least = values.amount(today, "replicas", "min")
    return values.amount(choice, "replicas", "min") == least.to_integral_value(ROUND_CEILING)
