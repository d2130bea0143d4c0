"""Plans, prices and resources for cost tests."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from mobile_ai.contracts.engine_values import decode_json
from mobile_ai.contracts.resource import ProviderReference, Resource
from mobile_ai.pricing import (
    Assumptions,
    Catalogue,
    Line,
    estimate,
    load_catalogue,
    parse_catalogue,
)
from mobile_ai.testing.version import manifest_with
from tests.components.support import Engine

ROOT = Path(__file__).parents[2]
PRICES = ROOT / "policy-pack" / "mobile_ai" / "pricing" / "prices"
AWS = ProviderReference(type="pulumi:providers:aws", name="aws", props={"region": "eu-central-1"})


@cache
def shipped() -> Catalogue:
    """The catalogue of the pack, read once."""
    return load_catalogue(PRICES)


def shipped_text() -> str:
    """Its text."""
    name: str = json.loads((PRICES / "current.json").read_text())["file"]
    return (PRICES / name).read_text()


def catalogue_of(value: Mapping[str, Any]) -> Catalogue:
    """A catalogue with its right digest."""
    text = json.dumps(value)
    return parse_catalogue(text, sha256=hashlib.sha256(text.encode()).hexdigest())


def resource(
    token: str, props: Mapping[str, Any], *, name: str = "x", parent: str = ""
) -> Resource:
    """One resource in eu-central-1."""
    return Resource(
        type=token,
        name=name,
        urn=f"urn:pulumi:dev::mobile-ai::{token}::{name}",
        props=props,
        provider=AWS if token.startswith("aws:") else None,
        parent=parent or None,
    )


UNPRICED = resource("aws:athena/workgroup:Workgroup", {"region": "ap-southeast-6"}, name="queries")
"""No figure is published for it; its ceiling is 1 TB x 18 USD."""


def exact(**figures: str) -> Assumptions:
    """Assumptions with some figures set exactly."""
    return Assumptions().changed(figures)


def lines_of(*resources: Resource, assume: Assumptions | None = None) -> list[Line]:
    """The lines of some resources."""
    return list(estimate(resources, shipped(), assume=assume).lines)


def typical(lines: list[Line]) -> dict[str, Decimal]:
    """The typical amount of every item, summed."""
    found: dict[str, Decimal] = {}
    for line in lines:
        if line.amount:
            found[line.item] = found.get(line.item, Decimal(0)) + line.amount.typical
    return found


def resources_of(engine: Engine) -> list[Resource]:
    """The resources of a recorded program."""
    return [
        Resource(
            type=item.type,
            name=item.name,
            urn=item.urn,
            props=decode_json(item.inputs),
            parent=item.parent or None,
        )
        for item in engine.registered
    ]


def deployment(**changes: Any) -> Resource:
    """A deployment on phones, at one site and in the cloud."""
    spec: dict[str, Any] = {
        "aiModel": {"id": "digits", "version": "1.1.0", "sha256": "f" * 64, "previous": {}},
        "placement": [
            {"target": "on-device", "variant": "int8"},
            {"target": "edge", "variant": "onnx", "site": "lab", "replicas": {"min": 2, "max": 4}},
            {
                "target": "cloud",
                "variant": "onnx",
                "region": "eu-central-1",
                "reservedConcurrency": 10,
                "memoryMb": 512,
            },
        ],
        "rollout": {"stage": "all", "rings": [{"name": "all", "percent": 100, "soakHours": 0}]},
        "usage": {"monthlyActiveDevices": 1000, "updatesPerMonth": 2, "requestsPerSecond": 1},
        "dataProcessing": {"region": "eu-central-1"},
        "budget": "field",
    }
    props = {"metadata": {"labels": {"mobile-ai.dev/app": "field"}}, "spec": {**spec, **changes}}
    return resource("mobileai:index:MobileAIDeployment", props, name="field-digits")


def model(**changes: Any) -> Resource:
    """The version that the deployment pins: one variant for phones, one for servers."""
    profile = {"latencyP95Ms": 2, "peakMemoryBytes": 50_000_000, "energyMj": 0.02}
    interval = {"low": 0, "high": 1}
    quality = {"value": 0.95, "interval": interval}
    row = {"bytes": 1_000_000, "profile": profile, "quality": quality}
    artifacts = [
        {"variant": "int8", "format": "tflite", **row, **changes},
        {"variant": "onnx", "format": "onnx", **row},
    ]
    return resource(
        "mobileai:index:ModelVersion",
        {"sha256": "f" * 64, "manifest": manifest_with(*artifacts)},
        name="digits-1.1.0",
    )


def context(**changes: Any) -> Resource:
    """The context with one site and one budget."""
    budget = {"name": "field", "scope": "app:field", "monthlyUsd": 100, "kind": "hard"}
    site = {"name": "lab", "region": "eu-central-1", "nodePriceUsdPerHour": 0.1}
    props = {"sites": [site], "budgets": [budget], **changes}
    return resource("mobileai:index:GovernanceContext", props, name="governance")


def with_usage(resources: list[Resource], **usage: int) -> list[Resource]:
    """The same plan with other usage in every deployment."""
    return [
        replace(item, props={**item.props, "spec": {**item.props["spec"], "usage": usage}})
        if item.type == "mobileai:index:MobileAIDeployment"
        else item
        for item in resources
    ]
