"""What an account needs before the first `up`: state, keys, registries, the pipeline's roles.

``documents`` writes the IAM policies, from the resource types that a stack uses; ``account`` makes
what is missing and changes nothing that is there but its policies. Running it again is safe.
"""

from operations.bootstrap.account import Made, Wanted, bootstrap
from operations.bootstrap.documents import (
    deploy_policies,
    gate_policies,
    preview_policies,
    signing_key_policy,
    trust_policy,
)

__all__ = [
    "Made",
    "Wanted",
    "bootstrap",
    "deploy_policies",
    "gate_policies",
    "preview_policies",
    "signing_key_policy",
    "trust_policy",
]
