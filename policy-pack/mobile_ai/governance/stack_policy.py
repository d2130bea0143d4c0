"""The pack's own knowledge of a stack: its environment, class, trust, config and bounds.

Read from the pack's own folder and nowhere else. ``stacks.yaml`` maps a stack's name (which
comes from the URN, not from configuration) to the rest; a stack that is not listed has no
setting, and everything in it is denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from mobile_ai.contracts.bounds import Bounds
from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.roots import Roots, StackRoots
from mobile_ai.contracts.roots_folder import load_roots, pack_text, unreadable
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.contracts.vocabulary import StackClass
from mobile_ai.governance.config import PackConfig, load_config
from mobile_ai.governance.rule_terms import RuleTerms

_MANIFEST = "PulumiPolicy.yaml"
UNSIGNED = "policy-pack/stacks.yaml is not signed (`mobile-ai migrate`, then `roots sign`)"
"""Listed with the weakened rules of a production stack; no config switches it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The judge's own knowledge of a stack.

    Attributes:
        stack: The stack's name.
        environment: Such as ``staging``.
        stack_class: ``development`` or ``production``.
        trust: Trusted keys and their roles.
        config: Effective levels and parameters.
        bounds: Allowed values of its stack file.
        rego: The company's own modules by file name.
        release_root: SHA-256 of the first root of its releases; empty: no release proves anything.
        continues: Stack that it takes over from, whose baseline counts as its own; empty if none.
    """

    stack: str
    environment: str
    stack_class: StackClass
    trust: Trust
    config: PackConfig
    bounds: Bounds
    rego: Mapping[str, str] = field(default_factory=dict)
    release_root: str = ""
    continues: str = ""


def load_setting(
    folder: Path,
    stack: str,
    *,
    rules: Iterable[RuleTerms],
    now: datetime,
    roots: Roots | None = None,
) -> Setting:
    """Return the setting of a stack from a pack's folder.

    Args:
        folder: The pack's folder.
        stack: The stack's name.
        rules: The rules that the pack config may name.
        now: The time at which the trust counts as expired or not.
        roots: Roots in place of the folder's, such as proposed ones.

    Raises:
        GovernanceError: If the stack is not listed, or one of its files is wrong.
    """
    roots = load_roots(folder) if roots is None else roots
    entry = _ours(roots.stack(stack), stack)
    trust = load_trust(pack_text(folder, entry.trust), environment=entry.environment, now=now)
    config = load_config(pack_text(folder, entry.config), rules, name=entry.config)
    return Setting(
        stack=stack,
        environment=entry.environment,
        stack_class=entry.stack_class,
        trust=trust,
        config=_bounded(config, roots, entry),
        bounds=entry.bounds,
        rego=load_rego(folder),
        release_root=entry.release_root,
        continues=entry.continues or "",
    )


def _ours(entry: StackRoots, stack: str) -> StackRoots:
    """Refuse a foreign stack: no rule knows what its resources stand for."""
    if entry.profile == "foreign":
        raise DocumentError(
            f"stack {stack!r}",
            got="profile foreign",
            expected="a stack that our components declare",
            next_step="change `profile` in policy-pack/stacks.yaml, or use another pack for it",
        )
    return entry


def _bounded(config: PackConfig, roots: Roots, entry: StackRoots) -> PackConfig:
    """Return the config with what the roots add to it, which it cannot take back.

    Unsigned roots of production are a weakening.
    """
    if entry.is_production and not roots.version:
        return replace(config, weakenings=(*config.weakenings, UNSIGNED))
    return config


def load_version(folder: Path) -> str:
    """Return the version in `PulumiPolicy.yaml` of a pack's folder.

    Raises:
        DocumentError: If the file cannot be read or states no version.
    """
    manifest = read_yaml(pack_text(folder, _MANIFEST), name=f"policy-pack/{_MANIFEST}")
    version = manifest.get("version") if isinstance(manifest, dict) else None
    if not isinstance(version, str):
        raise unreadable(_MANIFEST, f"version {version!r}", expected="a text such as '1.2.3'")
    return version


def load_bounds(folder: Path, stack: str) -> Bounds:
    """Return the bounds alone of a stack from a pack's folder.

    Raises:
        GovernanceError: If the stack is not listed, or the roots are wrong.
    """
    return load_roots(folder).stack(stack).bounds


def load_rego(folder: Path) -> dict[str, str]:
    """Return the text of the Rego modules of a pack's folder by file name.

    Raises:
        DocumentError: If a module cannot be read, or would not be read.
    """
    names = sorted(path.name for path in (folder / "rego").glob("*.rego"))
    for path in (folder / "rego").rglob("*"):
        name = path.relative_to(folder).as_posix()
        # What is not read must not look as if it were.
        if name.lower().endswith(".rego") and name.removeprefix("rego/") not in names:
            raise DocumentError(
                name,
                got="a module that is not read",
                expected="rego/<name>.rego, in no folder below",
                next_step="move it to policy-pack/rego, with the suffix .rego",
            )
    return {name: pack_text(folder, f"rego/{name}") for name in names}
