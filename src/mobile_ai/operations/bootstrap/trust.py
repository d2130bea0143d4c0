"""Trust policies: jobs of one environment of one GitHub repository may assume a role. Pure.

The subject of a job's token is ``repo:OWNER/NAME:environment:ENV``; repositories that were created,
renamed or moved since mid-2026 present ``repo:OWNER@ID/NAME@ID:environment:ENV``, which cannot be
taken over by registering a name that became free.
https://docs.github.com/actions/reference/openid-connect-reference#immutable-subject-claims
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.placeholders import is_placeholder

PROVIDER: Final = "token.actions.githubusercontent.com"
"""Issuer of the tokens of GitHub Actions, without scheme."""
_NAMED: Final = re.compile(
    r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]*)(?:@(?P<owner_id>[1-9]\d*))?"
    r"/(?P<name>[A-Za-z0-9._-]+)(?:@(?P<id>[1-9]\d*))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository on GitHub, with its ids where they are known.

    Attributes:
        owner: Name of the user or organisation.
        name: The repository's name.
        owner_id: The owner's id; ``None`` when only names are known.
        id: The repository's id; ``None`` when only names are known.
    """

    owner: str
    name: str
    owner_id: int | None = None
    id: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Repository":
        """Parse ``owner/name`` or ``owner@id/name@id``.

        Raises:
            GovernanceError: The text does not name a single repository, or has only one of two ids.
        """
        found = _NAMED.fullmatch(text)
        if found is None or is_placeholder(found["owner"]):
            raise GovernanceError(
                "repository",
                got=repr(text),
                expected="OWNER/NAME or OWNER@ID/NAME@ID",
                next_step="name one repository with --repository",
            )
        owner_id, repository_id = found["owner_id"], found["id"]
        if (owner_id is None) is not (repository_id is None):
            raise GovernanceError(
                "repository",
                got=f"{text!r}, one id of two",
                expected="the ids of owner and repository, or neither",
                next_step=cls(owner=found["owner"], name=found["name"]).id_command,
            )
        return cls(
            owner=found["owner"],
            name=found["name"],
            owner_id=None if owner_id is None else int(owner_id),
            id=None if repository_id is None else int(repository_id),
        )

    @property
    def id_command(self) -> str:
        """Shell command that prints ``owner@id/name@id``."""
        jq = r'"\(.owner.login)@\(.owner.id)/\(.name)@\(.id)"'
        return f"gh api repos/{self.owner}/{self.name} --jq '{jq}'"

    def subjects(self, environment: str) -> list[str]:
        """Return the complete subjects that tokens of the environment's jobs may have."""
        named = f"repo:{self.owner}/{self.name}:environment:{environment}"
        if self.id is None:
            return [named]
        fixed = f"{self.owner}@{self.owner_id}/{self.name}@{self.id}"
        return [named, f"repo:{fixed}:environment:{environment}"]


def trust_policy(*, account: str, repository: Repository, environment: str) -> dict[str, Any]:
    """Return the trust policy of a role: jobs of one environment of one repository.

    Args:
        account: The account that holds the role.
        repository: The repository whose workflows may assume the role.
        environment: The environment of the workflow's job.
    """
    subjects = repository.subjects(environment)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{PROVIDER}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{PROVIDER}:aud": "sts.amazonaws.com",
                        f"{PROVIDER}:sub": subjects[0] if len(subjects) == 1 else subjects,
                    }
                },
            }
        ],
    }
