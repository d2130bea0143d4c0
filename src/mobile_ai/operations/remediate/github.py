"""Opens a branch as a pull request, through GitHub's REST API.

https://docs.github.com/en/rest/pulls/pulls: ``POST /repos/{owner}/{repo}/pulls``. An existing pull
request is returned, open or closed, so a run may be repeated, and one that people have closed stays
closed. Nothing here merges, approves or enables auto-merge.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import urllib3

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.operations.remediate.propose import Proposal
from mobile_ai.stack.git import git

_API: Final = "https://api.github.com"
_CREATED: Final = 201
_OK: Final = 200
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=30)
_RETRIES: Final = urllib3.Retry(
    total=3, backoff_factor=1, status_forcelist=(429, 502, 503, 504), raise_on_status=False
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Client of a GitHub repository.

    Attributes:
        repository: ``owner/name``.
        token: Token with write access to contents and pull requests of that repository only.
        api: Address of the API.
    """

    repository: str
    token: str
    api: str = _API

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Hub":
        """Return a client from environment variables, as GitHub's runners set them.

        Raises:
            GovernanceError: The repository or the token is missing.
        """
        needed = ("GITHUB_REPOSITORY", "GITHUB_TOKEN")
        missing = [name for name in needed if not variables.get(name)]
        if missing:
            raise GovernanceError(
                "pull request",
                got=f"no {' and no '.join(missing)} in the environment",
                expected="owner/name and a token that may write contents and pull requests",
                next_step="set them, or leave --pull-request out",
            )
        repository, token = (variables[name] for name in needed)
        api = variables.get("GITHUB_API_URL") or _API
        return cls(repository=repository, token=token, api=api.rstrip("/"))

    def push(self, root: Path, commit: str, branch: str) -> None:
        """Push a commit as a branch; the token is passed in the environment, never as an argument.

        Raises:
            GovernanceError: Git refused.
        """
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        variables = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
            "GIT_TERMINAL_PROMPT": "0",
        }
        git(root, "push", "--quiet", "origin", f"{commit}:refs/heads/{branch}", variables=variables)

    def open(self, proposal: Proposal, *, base: str, note: str = "") -> str:
        """Open a pull request, or find the existing one, and return its address.

        Args:
            proposal: The branch, already pushed.
            base: The branch to merge into.
            note: Text appended to the description.

        Raises:
            GovernanceError: The API refused or did not respond.
        """
        owner = self.repository.partition("/")[0]
        status, found = self._ask("GET", f"pulls?state=all&head={owner}:{proposal.branch}", None)
        if status == _OK and found:
            return str(found[0]["html_url"])
        body = {
            "title": proposal.title,
            "head": proposal.branch,
            "base": base,
            "body": "\n\n".join(filter(None, (proposal.body, note))),
        }
        status, answer = self._ask("POST", "pulls", body)
        if status != _CREATED:
            raise self._refused(f"status {status}: {str(answer)[:200]}")
        if proposal.labels:
            labels = {"labels": list(proposal.labels)}
            status, told = self._ask("POST", f"issues/{answer['number']}/labels", labels)
            if status != _OK:
                raise self._refused(f"status {status} for its labels: {str(told)[:200]}")
        return str(answer["html_url"])

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "User-Agent": "mobile-ai-delivery",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        url = f"{self.api}/repos/{self.repository}/{path}"
        pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=_RETRIES, headers=headers)
        try:
            answer = pool.request(method, url, body=None if body is None else json.dumps(body))
            return answer.status, answer.json() if answer.data else None
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise self._refused(type(error).__name__) from error

    def _refused(self, got: str) -> GovernanceError:
        return GovernanceError(
            f"pull request in {self.repository}",
            got=got,
            expected="a response of GitHub's API",
            next_step="run `mobile-ai remediate` again; the branch and its commit are kept",
        )
