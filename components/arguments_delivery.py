"""From settings to the arguments of ``ModelDelivery``."""

from pathlib import PurePosixPath

from components.arguments import aws_scope
from components.aws_platform import PlatformParts
from components.delivery import CountryRule, DeliveryArgs
from components.delivery_plan import Target
from components.records import ModelFiles
from components.settings_deployment import Deployment
from components.settings_load import StackInputs

__all__ = ["delivery_arguments", "delivery_targets"]


def delivery_arguments(inputs: StackInputs, *, platform: PlatformParts) -> DeliveryArgs:
    """Return the arguments of ``ModelDelivery``."""
    delivery = inputs.settings.delivery
    rule = delivery.geo_restriction
    country_rule: CountryRule | None = (
        None if rule is None else {"mode": rule.mode, "countries": list(rule.countries)}
    )
    return {
        "scope": aws_scope(inputs),
        "platform": platform,
        "domain": delivery.domain,
        "certificate_arn": delivery.certificate_arn,
        "hosted_zone_id": delivery.hosted_zone_id,
        "waf": delivery.waf,
        "rate_limit_per_five_minutes": delivery.rate_limit_per_five_minutes,
        "country_rule": country_rule,
        "price_class": delivery.price_class,
        "metadata_ttl_seconds": delivery.metadata_ttl_seconds,
        "refresh_minutes": delivery.timestamp_refresh_minutes,
        "expiry_minutes": delivery.timestamp_expiry_minutes,
        "targets": delivery_targets(inputs),
    }


def delivery_targets(inputs: StackInputs) -> list[Target]:
    """Return every artifact that a device, a site or a function may fetch.

    All of them are subscribers of the same releases, so what edge and cloud run is
    delivered as what phones run is. The version to go back to stays on offer.
    """
    return [
        target
        for deployment in inputs.settings.deployments
        for files in _versions(inputs, deployment)
        for target in _targets(files, {item.variant for item in deployment.placement})
    ]


def _versions(inputs: StackInputs, deployment: Deployment) -> list[ModelFiles]:
    names = [f"{deployment.model}-{deployment.version}"]
    if deployment.previous is not None:
        names.append(f"{deployment.model}-{deployment.previous.version}")
    return [inputs.models[name] for name in names]


def _targets(files: ModelFiles, variants: set[str]) -> list[Target]:
    folder = PurePosixPath(files.path).parent
    return [
        {
            "file": PurePosixPath(artifact.file).name,
            "path": str(folder / artifact.file),
            "sha256": artifact.sha256,
            "manifest_sha256": files.sha256,
        }
        for artifact in files.manifest.artifacts
        if artifact.variant in variants and artifact.uri is None
    ]
