"""An account before the first `up`: state, keys, registries and the pipeline's roles.

``rights`` derives what a plan needs of AWS, ``policies`` makes statements of it, ``documents`` the
policies of the roles, ``boundary`` the limit of the roles that a stack makes, ``trust`` names the
jobs that may take a role; ``account`` makes what is missing and changes nothing that is there but
its policies. Running it again is safe.
"""

from operations.bootstrap.account import Made, Wanted, bootstrap
from operations.bootstrap.boundary import boundary_policy
from operations.bootstrap.documents import (
    deploy_policies,
    gate_policies,
    image_policy,
    preview_policies,
    signing_key_policy,
)
from operations.bootstrap.rights import Place, Right, rights_of_plan
from operations.bootstrap.trust import Repository, trust_policy

__all__ = [
    "Made",
    "Place",
    "Repository",
    "Right",
    "Wanted",
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
