"""Tag vocabulary shared by AWS tags, Kubernetes labels and reports.

No tag names a model version: a tag on a shared resource would change with every release, and a
label in a selector is immutable.
"""

from typing import Final

from mobile_ai.stack.settings_platform import Owner

_AWS_PREFIX: Final = "mobile-ai:"
_KUBERNETES_PREFIX: Final = "mobile-ai.dev/"
TAG_NAMES: Final = ("project", "team", "cost-center", "environment", "managed-by")
"""Names of the cost tags, without prefix."""
_MANAGED_BY: Final = "pulumi"


def aws_tags(owner: Owner, *, environment: str, app: str | None = None) -> dict[str, str]:
    """Return the AWS tags of the stack, and of an application where one is named."""
    return _prefixed(_AWS_PREFIX, owner, environment, app)


def kubernetes_labels(owner: Owner, *, environment: str, app: str | None = None) -> dict[str, str]:
    """Return the Kubernetes labels of the stack, and of an application where one is named."""
    return _prefixed(_KUBERNETES_PREFIX, owner, environment, app)


def app_tags(app: str) -> dict[str, str]:
    """Return the AWS tag of an application's resources, besides the provider's default tags."""
    return {f"{_AWS_PREFIX}app": app}


def _prefixed(prefix: str, owner: Owner, environment: str, app: str | None) -> dict[str, str]:
    words = dict(
        zip(
            TAG_NAMES,
            (owner.project, owner.team, owner.cost_center, environment, _MANAGED_BY),
            strict=True,
        )
    )
    if app is not None:
        words["app"] = app
    return {f"{prefix}{name}": value for name, value in words.items()}
