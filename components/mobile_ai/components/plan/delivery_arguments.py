"""Maps settings to the arguments of ``ModelDelivery``."""

from pathlib import PurePosixPath

from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.delivery.delivery import CountryRule, DeliveryArgs
from mobile_ai.components.delivery.plan import ReleaseObject, Target
from mobile_ai.components.plan.arguments import arguments_of, aws_scope
from mobile_ai.stack.load import StackInputs
from mobile_ai.stack.records import ModelFiles
from mobile_ai.stack.settings_deployment import Deployment


def delivery_arguments(inputs: StackInputs, *, platform: PlatformParts) -> DeliveryArgs:
    """Return the arguments of ``ModelDelivery``."""
    delivery = inputs.settings.delivery
    rule = delivery.geo_restriction
    targets = delivery_targets(inputs)
    return arguments_of(
        DeliveryArgs,
        delivery,
        scope=aws_scope(inputs),
        platform=platform,
        country_rule=rule and arguments_of(CountryRule, rule),
        refresh_minutes=delivery.timestamp_refresh_minutes,
        expiry_minutes=delivery.timestamp_expiry_minutes,
        targets=targets,
        release=release_objects(inputs, targets),
        halted=halted_digests(inputs),
    )


def delivery_targets(inputs: StackInputs) -> list[Target]:
    """Return every artifact that a device, a site or a function may fetch.

    Devices, sites and functions subscribe to the same releases, so artifacts for edge and cloud are
    delivered like those for phones. The rollback version stays available.
    """
    return [
        target
        for deployment in inputs.settings.deployments
        for files in _versions(inputs, deployment)
        for target in _targets(files, {item.variant for item in deployment.placement})
    ]


def release_objects(inputs: StackInputs, targets: list[Target]) -> list[ReleaseObject]:
    """Return the files of the signed release that belong to the deployed artifacts.

    Patches towards artifacts that no deployment names any more were uploaded while one did, and
    stay in the bucket like the artifacts themselves.
    """
    pins = {item["sha256"]: item["manifest_sha256"] for item in targets}
    return [
        {
            "key": item.key,
            "path": item.path,
            "sha256": item.sha256,
            "step": item.step,
            "leads_to": item.leads_to,
            "manifest_sha256": pins.get(item.leads_to, ""),
        }
        for item in inputs.release.files
        if not item.leads_to or item.leads_to in pins
    ]


def halted_digests(inputs: StackInputs) -> list[str]:
    """Return the artifacts of halted versions that no other deployment runs."""
    halted, running = set[str](), set[str]()
    for deployment in inputs.settings.deployments:
        current, *previous = _versions(inputs, deployment)
        group = halted if deployment.rollout.halted else running
        group.update(item.sha256 for item in current.manifest.artifacts)
        running.update(item.sha256 for files in previous for item in files.manifest.artifacts)
    return sorted(halted - running)


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
