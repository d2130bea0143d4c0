"""Prepares an account for the first `up`: state bucket, keys, registries and pipeline roles.

``rights`` derives the AWS permissions that a plan needs, ``policies`` makes statements of them,
``documents`` the policies of the roles, ``boundary`` the permissions boundary of the roles that a
stack creates, ``trust`` the trust policies of the jobs; ``account`` creates what is missing and
changes only policies of existing resources. It is idempotent.
"""

from mobile_ai.operations.bootstrap.account import Made, WantedAccount, bootstrap
from mobile_ai.operations.bootstrap.boundary import boundary_policy
from mobile_ai.operations.bootstrap.documents import (
    deploy_policies,
    gate_policies,
    image_policy,
    preview_policies,
    signing_key_policy,
)
from mobile_ai.operations.bootstrap.rights import Right, StackPlace, rights_of_plan
from mobile_ai.operations.bootstrap.trust import Repository, trust_policy

__all__ = [
    "Made",
    "Repository",
    "Right",
    "StackPlace",
    "WantedAccount",
    "bootstrap",
    "boundary_policy",
    "deploy_policies",
    "gate_policies",
    "image_policy",
    "preview_policies",
    "rights_of_plan",
    "signing_key_policy",
    "trust_policy",
]
