"""Checks across sections of a stack file, which no type can express.

Each check is a function from the settings to problems; none of them stops the others.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from mobile_ai.contracts.manifest import undeliverable
from mobile_ai.contracts.regions import PARTITION, shipped_regions
from mobile_ai.contracts.vocabulary import StackClass
from mobile_ai.stack.errors import Problem
from mobile_ai.stack.records import ModelFiles
from mobile_ai.stack.settings import Settings
from mobile_ai.stack.settings_deployment import CloudPlacement, Deployment, EdgePlacement

LONGEST_STACK: Final = 24
"""Longest stack name that leaves room for what the program appends; a test holds both together."""
_STACK: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# What functions, roles, APIs and log groups of the platform are called behind the stack's name,
# where a deployment has `<app>-<model>`; a test compares them with a plan.
TAKEN_NAMES: Final = frozenset(
    {
        "budget-burn-schedule",
        "budget-dispatch",
        "burn-rate",
        "delivery-timestamp-schedule",
        "registry-execution",
        "registry-monitoring",
        "registry-restart",
        "registry-restart-schedule",
        "registry-rotate",
        "registry-task",
        "telemetry-api",
        "telemetry-delivery",
        "telemetry-transform",
    }
)
"""Names that the platform's own resources have after the stack's name."""
_LONGEST_NAME: Final = 63  # IAM roles and Lambda functions take 64, buckets 63


def check_settings(settings: Settings, *, stack: str) -> list[Problem]:
    """Return what is wrong between the parts of the stack file."""
    found = (check(settings) for check in _CHECKS)
    return [
        *_stack_can_be_a_name(stack),
        *_names_fit(settings, stack),
        *chain.from_iterable(found),
    ]


def check_class(settings: Settings, stack_class: StackClass) -> list[Problem]:
    """Return what a stack of a class lacks; the pack says which class a stack is of."""
    if stack_class != "production" or settings.delivery.domain is not None:
        return []
    return [
        Problem(
            key="mobile-ai:delivery.domain",
            got="nothing",
            expected="a host name in production: the default CloudFront name cannot require "
            "TLS 1.2",
            next_step="add delivery.domain with certificateArn or hostedZoneId",
        )
    ]


def check_models(settings: Settings, models: Mapping[tuple[str, str], ModelFiles]) -> list[Problem]:
    """Return where deployments and the manifests that they pin disagree.

    Args:
        settings: The stack file.
        models: The manifests that could be read, by path and digest.
    """
    return [
        problem
        for key, deployment in _keyed(settings)
        for problem in _model_problems(key, deployment, models)
    ]


def _stack_can_be_a_name(stack: str) -> Iterator[Problem]:
    """Check a stack's name as a part of names in AWS: buckets take no capitals, RDS no ``--``."""
    if len(stack) > LONGEST_STACK or not _STACK.fullmatch(stack):
        yield Problem(
            key="mobile-ai:environment",
            got=f"stack {stack!r} ({len(stack)} characters) as a part of names in AWS",
            expected=f"at most {LONGEST_STACK} lower-case letters and digits, joined by single '-'",
            next_step="make the stack under another name (`pulumi stack init`)",
        )


def _names_fit(settings: Settings, stack: str) -> Iterator[Problem]:
    for key, deployment in _keyed(settings):
        name = f"mobile-ai-{stack}-{deployment.name}"
        if len(name) > _LONGEST_NAME:
            yield Problem(
                key=f"{key}.app",
                got=f"{name!r} ({len(name)} characters) as a name in AWS",
                expected=f"at most {_LONGEST_NAME} characters",
                next_step="shorten the name of the stack, or `app` or `model` in the stack file",
            )


def _names_are_not_taken(settings: Settings) -> Iterator[Problem]:
    for key, deployment in _keyed(settings):
        if deployment.name in TAKEN_NAMES:
            yield Problem(
                key=f"{key}.app",
                got=f"{deployment.name!r} for application and model",
                expected="a name that nothing of the platform has in AWS",
                next_step="give the application another name (`app`)",
            )


def _names_are_unique(settings: Settings) -> Iterator[Problem]:
    lists: Mapping[str, Iterable[str]] = {
        "sites": [site.name for site in settings.sites],
        "budgets": [budget.name for budget in settings.budgets],
        "deployments": [deployment.name for deployment in settings.deployments],
    }
    for key, names in lists.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield Problem(
                    key=f"mobile-ai:{key}",
                    got=f"{count} entries named {name!r}",
                    expected="every name once",
                    next_step="remove or rename all but one in the stack file",
                )


def _home_is_allowed(settings: Settings) -> Iterator[Problem]:
    if settings.region not in settings.aws.allowed_regions:
        yield Problem(
            key="mobile-ai:region",
            got=repr(settings.region),
            expected=f"one of aws.allowedRegions {list(settings.aws.allowed_regions)}",
        )


def _home_is_deployable(settings: Settings) -> Iterator[Problem]:
    """Check the partition of a shipped region; where others are, their rows of the pack say."""
    row = shipped_regions().regions.get(settings.region)
    if row is not None and row.partition != PARTITION:
        yield Problem(
            key="mobile-ai:region",
            got=f"{settings.region!r} of partition {row.partition}",
            expected=f"a region of partition {PARTITION}, which the components declare for",
            next_step="choose another home `region` in the stack file; sites may count to any "
            "region",
        )


def _budgets_exist(settings: Settings) -> Iterator[Problem]:
    known = [budget.name for budget in settings.budgets]
    for key, deployment in _keyed(settings):
        if deployment.budget not in known:
            yield Problem(
                key=f"{key}.budget", got=repr(deployment.budget), expected=f"one of {known}"
            )


def _budget_scopes_exist(settings: Settings) -> Iterator[Problem]:
    apps = sorted({deployment.app for deployment in settings.deployments})
    for index, budget in enumerate(settings.budgets):
        if budget.scope != "stack" and budget.scope.removeprefix("app:") not in apps:
            yield Problem(
                key=f"mobile-ai:budgets[{index}].scope",
                got=repr(budget.scope),
                expected=f"'stack' or 'app:' and one of {apps}",
            )


def _sites_exist(settings: Settings) -> Iterator[Problem]:
    known = [site.name for site in settings.sites]
    for key, deployment in _keyed(settings):
        for index, placement in enumerate(deployment.placement):
            if isinstance(placement, EdgePlacement) and placement.site not in known:
                yield Problem(
                    key=f"{key}.placement[{index}].site",
                    got=repr(placement.site),
                    expected=f"one of {known}",
                    next_step="add the site to mobile-ai:sites, or choose another",
                )


def _functions_are_at_home(settings: Settings) -> Iterator[Problem]:
    """Alarms notify a topic of their own region, and Lambda pulls from its own region."""
    account, region = settings.aws.account_id, settings.region
    for key, deployment in _keyed(settings):
        for index, item in enumerate(deployment.placement):
            if not isinstance(item, CloudPlacement):
                continue
            if item.region != region:
                yield Problem(
                    key=f"{key}.placement[{index}].region",
                    got=repr(item.region),
                    expected=f"the home region {region!r}",
                    next_step="give the other `region` a stack of its own",
                )
            image = getattr(settings.images.edge, item.architecture)
            owner, _, rest = image.partition(".")
            if not rest.startswith(f"dkr.ecr.{region}.amazonaws.com/"):
                yield Problem(
                    key=f"mobile-ai:images.edge.{item.architecture}",
                    got=repr(image),
                    expected=f"an image in {account}.dkr.ecr.{region}.amazonaws.com/, where "
                    "Lambda can pull it",
                    next_step="copy the image there and name it in `mobile-ai:images`; its "
                    "digest stays the same",
                )
            elif owner != account:
                yield Problem(
                    key="mobile-ai:aws.accountId",
                    got=repr(account),
                    expected=f"{owner!r}, the account whose registry has the image of "
                    f"{key}.placement[{index}]",
                    next_step="correct `aws.accountId`; or, if the stack moves, copy the image "
                    "there, and have security allow the account: `mobile-ai roots propose`",
                )


def _places_are_distinct(settings: Settings) -> Iterator[Problem]:
    for key, deployment in _keyed(settings):
        places = [f"site {item.site}" for item in deployment.edge]
        places += ["cloud" for _ in deployment.cloud]
        for place, count in Counter(places).items():
            if count > 1:
                yield Problem(
                    key=f"{key}.placement",
                    got=f"{place} {count} times",
                    expected="every place once",
                )


def _model_problems(
    key: str, deployment: Deployment, models: Mapping[tuple[str, str], ModelFiles]
) -> Iterator[Problem]:
    model = models.get((deployment.manifest, deployment.sha256))
    if model is not None:
        yield from _identity(key, model, deployment.model, deployment.version)
        yield from _variants(key, model, deployment)
    previous = deployment.previous
    if previous is None:
        return
    if previous.version == deployment.version:
        yield Problem(
            key=f"{key}.previous.version",
            got=f"{previous.version!r}, the version deployed",
            expected="another version to go back to",
        )
    older = models.get((previous.manifest, previous.sha256))
    if older is not None:
        yield from _identity(f"{key}.previous", older, deployment.model, previous.version)


def _identity(key: str, files: ModelFiles, model: str, version: str) -> Iterator[Problem]:
    metadata = files.manifest.metadata
    if (metadata.name, metadata.version) != (model, version):
        yield Problem(
            key=f"{key}.manifest",
            got=f"the manifest of {metadata.name} {metadata.version}",
            expected=f"{model} {version}",
            next_step="pin the `manifest` of the `version` named, or name the version pinned",
        )


def _variants(key: str, files: ModelFiles, deployment: Deployment) -> Iterator[Problem]:
    known = [artifact.variant for artifact in files.manifest.artifacts]
    for index, placement in enumerate(deployment.placement):
        artifact = files.manifest.artifact(placement.variant)
        if artifact is None:
            yield Problem(
                key=f"{key}.placement[{index}].variant",
                got=repr(placement.variant),
                expected=f"an artifact of {files.path}: {known}",
            )
        elif (kept := undeliverable(artifact, files.manifest)) is not None:
            yield Problem(
                key=f"{key}.placement[{index}].variant",
                got=f"{placement.variant!r} ({kept})",
                expected="an artifact that is delivered today: one file, tflite, onnx or coreml",
                next_step="place another variant (docs/manifest.md)",
            )


def _keyed(settings: Settings) -> Iterator[tuple[str, Deployment]]:
    for index, deployment in enumerate(settings.deployments):
        yield f"mobile-ai:deployments[{index}]", deployment


_CHECKS: Final[tuple[Callable[[Settings], Iterator[Problem]], ...]] = (
    _names_are_not_taken,
    _names_are_unique,
    _home_is_allowed,
    _home_is_deployable,
    _budgets_exist,
    _budget_scopes_exist,
    _sites_exist,
    _functions_are_at_home,
    _places_are_distinct,
)
