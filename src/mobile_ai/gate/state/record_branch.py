"""Branch of the deployed records: read from and added to without a checkout.

A pull request can bring a copy of any file. So records are never read from the working tree: only
from a ref of the base repository, which the pipeline alone may move, forward.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.trust import Trust
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.state.deployed_record import DeployedRecord, read_chain
from mobile_ai.stack.git import git

BRANCH: Final = "mobile-ai/deployed"
"""Branch of the base repository that holds every stack's records."""
_FILE: Final = re.compile(r"([1-9][0-9]{0,8})\.yaml")


def read_records_at(root: Path, reference: str, stack: str) -> list[str]:
    """Return every record of a stack at a ref, oldest first; none where the ref does not exist.

    Raises:
        GateError: Git cannot read the ref.
    """
    if not ref_exists(root, reference):
        return []
    folder = _folder(stack)
    found = []
    for name in filter(
        None, _git(root, "ls-tree", "-z", "--name-only", reference, folder).split("\0")
    ):
        match = _FILE.fullmatch(name.removeprefix(folder))
        if match is None:
            raise GateError(
                f"{reference}: got {name!r}; expected {folder}<number>.yaml alone. "
                "Next: run `mobile-ai deployed rebuild`, which keeps none of them."
            )
        found.append((int(match[1]), name))
    return [_git(root, "cat-file", "blob", f"{reference}:{name}") for _, name in sorted(found)]


def newest_record(root: Path, reference: str, *, stack: str, trust: Trust) -> DeployedRecord | None:
    """Return the newest record of a stack at a ref, verified; `None` if it has none.

    Raises:
        GateError: Git cannot read the ref, or the chain does not hold.
    """
    try:
        return read_chain(read_records_at(root, reference, stack), stack=stack, trust=trust)
    except GovernanceError as error:
        raise GateError(str(error)) from error


def add_record(root: Path, reference: str, stack: str, text: str, *, anew: bool) -> str:
    """Commit a record on top of a ref to the local branch of records, and return its path.

    The working tree and its index are not touched.

    Args:
        root: The checkout.
        reference: Ref of the records so far.
        stack: The stack.
        text: The record.
        anew: Whether it starts the chain, so that earlier records leave the folder.

    Raises:
        GateError: Git cannot write the commit.
    """
    folder = _folder(stack)
    count = 0 if anew else len(read_records_at(root, reference, stack))
    path = f"{folder}{count + 1}.yaml"
    parent = _git(root, "rev-parse", reference).strip() if ref_exists(root, reference) else ""
    with tempfile.TemporaryDirectory() as temporary:
        variables = {"GIT_INDEX_FILE": str(Path(temporary) / "index")}
        file = Path(temporary) / "record"
        file.write_text(text, "utf-8")
        blob = _git(root, "hash-object", "-w", "--no-filters", str(file)).strip()
        if parent:
            _git(root, "read-tree", parent, variables=variables)
        if anew:
            for name in filter(
                None, _git(root, "ls-files", "-z", folder, variables=variables).split("\0")
            ):
                _git(root, "update-index", "--force-remove", name, variables=variables)
        entry = f"100644,{blob},{path}"
        _git(root, "update-index", "--add", "--cacheinfo", entry, variables=variables)
        tree = _git(root, "write-tree", variables=variables).strip()
    message = f"Record what was deployed to {stack}"
    parents = ["-p", parent] if parent else []
    commit = _git(root, "commit-tree", tree, *parents, "-m", message).strip()
    _git(root, "update-ref", f"refs/heads/{BRANCH}", commit)
    return path


def ref_exists(root: Path, reference: str) -> bool:
    """Return whether a ref names a commit."""
    try:
        git(root, "rev-parse", "--quiet", "--verify", f"{reference}^{{commit}}")
    except GovernanceError:
        return False
    return True


def _folder(stack: str) -> str:
    return f"deployed/{stack}/"


def _names(root: Path, *arguments: str, variables: dict[str, str] | None = None) -> list[str]:
    return [name for name in _git(root, *arguments, variables=variables).split("\0") if name]


def _git(root: Path, *arguments: str, variables: dict[str, str] | None = None) -> str:
    try:
        return git(root, *arguments, variables=variables)
    except GovernanceError as error:
        raise GateError(
            f"deployed records: got {error.got!r} of git {arguments[0]}; expected a clone of the "
            "base repository. Next: run `mobile-ai deployed show` in such a clone."
        ) from error
