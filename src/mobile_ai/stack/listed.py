"""Stacks and environments that the pack lists, and the one meant where none is named.

Signatures of the list are not verified: it says here which name is meant and nothing else, and keys
that the list names must be replaceable while it does not verify.

Where several are listed, the only one of class ``development`` is meant; else one must be named.
"""

from collections.abc import Collection
from pathlib import Path

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.roots import Roots, read_roots
from mobile_ai.stack.reader import stack_names

_LIST = "stacks.yaml"


def find_environment(pack: Path, named: str | None) -> tuple[str, Path] | None:
    """Return an environment and its trust file, which need not exist.

    Args:
        pack: The folder of the policy pack.
        named: The environment; ``None`` for the one that is meant. A pack that lists no stacks
            yet has the environments that it has trust files of.

    Returns:
        ``None`` if no environment is named, and there is none.

    Raises:
        DocumentError: If none is named and none can be derived, or the pack's list is wrong.
    """
    roots = _roots(pack)
    files = {path.stem: f"trust/{path.name}" for path in sorted(pack.glob("trust/*.yaml"))}
    listed = roots.environments() if roots else files
    if named is not None:
        return named, pack / listed.get(named, f"trust/{named}.yaml")
    if not listed:
        return None
    name = _meant("--environment", listed, roots.environments("development") if roots else ())
    return name, pack / listed[name]


def find_stack(root: Path, named: str | None) -> str:
    """Return a stack of a repository.

    Args:
        root: The repository.
        named: The stack; ``None`` for the one that is meant.

    Raises:
        DocumentError: If none is named and none can be derived, or the pack's list is wrong.
    """
    if named is not None:
        return named
    files, roots = stack_names(root), _roots(root / "policy-pack")
    listed = roots.stacks if roots else {}
    lower = [name for name in files if name in listed and not listed[name].is_production]
    return _meant("--stack", files, lower)


def stacks_and_environments(root: Path, roots: Roots | None) -> tuple[set[str], set[str]]:
    """Return the stacks and environments of a repository: by stack file, trust file, or roots.

    Args:
        root: The repository.
        roots: Its roots, which may list what has its files elsewhere; ``None`` if unreadable.
    """
    stacks = {*stack_names(root), *(roots.stacks if roots else ())}
    trusts = {path.stem for path in (root / "policy-pack/trust").glob("*.yaml")}
    return stacks, trusts | set(roots.environments() if roots else ())


def _roots(pack: Path) -> Roots | None:
    path = pack / _LIST
    return read_roots(path.read_text(encoding="utf-8")) if path.is_file() else None


def _meant(option: str, all_of: Collection[str], lower: Collection[str]) -> str:
    """Return the only one of all, or the only one of the development class."""
    for names in (all_of, lower):
        if len(names) == 1:
            return next(iter(names))
    raise DocumentError(
        option,
        got="none",
        expected=f"one of {sorted(all_of)}" if all_of else "one that policy-pack/stacks.yaml lists",
        next_step=f"name it with {option}",
    )
