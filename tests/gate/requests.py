"""Pull requests that change data alone, tried on a copy of the repository without an engine."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mobile_ai.components.plan.deployed_output import deployed_baseline
from mobile_ai.contracts.deployed import STATE, Baseline, write_deployed
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.predicates import TRUST
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.statements import dump_record, sign_statement, statement_of
from mobile_ai.contracts.tokens import DEPLOYED
from mobile_ai.contracts.trust import Role, TrustedKey, load_trust, trust_predicate
from mobile_ai.gate.project import Project
from mobile_ai.gate.verdict.offline_check import check_stack
from mobile_ai.stack.load import load_file
from mobile_ai.stack.reader import read_stack_file
from mobile_ai.testing import Signers
from tests.gate.whole_plan import plan_of, verdicts_on

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 12, 1, tzinfo=UTC)
DATA = ("models", "usage", "releases", "policy-pack")
Edit = Callable[["Request"], None]
"""Changes the files of a request."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Answer to a request: problems of its files, and the rules that deny it."""

    problems: tuple[str, ...] = ()
    denied: dict[str, tuple[str, ...]]

    @property
    def passes(self) -> bool:
        return not self.problems and not self.denied

    @property
    def text(self) -> str:
        return "\n".join(
            (*self.problems, *(line for item in self.denied.values() for line in item))
        )


class Request:
    """A copy of the repository with a change to one stack."""

    def __init__(self, root: Path, stack: str = "dev") -> None:
        self.root, self.stack = root, stack
        for name in DATA:
            shutil.copytree(
                ROOT / name,
                root / name,
                ignore=shutil.ignore_patterns("mobile_ai", "__pycache__", ".mypy_cache"),
            )
        for path in (*ROOT.glob("Pulumi*.yaml"), ROOT / "__main__.py"):
            shutil.copy(path, root)

    @property
    def file(self) -> Path:
        return self.root / f"Pulumi.{self.stack}.yaml"

    def document(self, change: Callable[[dict[str, Any]], object], name: str = "") -> None:
        """Change a YAML document, by default the stack file."""
        path = self.root / name if name else self.file
        value = read_yaml(path.read_text(), name=path.name)
        change(value)
        path.write_text(dump_yaml(value))

    def set(self, *path: str | int, to: Any) -> None:
        """Set a value of the stack file."""

        def change(document: dict[str, Any]) -> None:
            place: Any = document["config"]
            first, *rest = path
            keys = [f"mobile-ai:{first}", *rest]
            for key in keys[:-1]:
                place = place[key]
            place[keys[-1]] = to

        self.document(change)

    def get(self, *path: str | int) -> Any:
        """Return a value of the stack file."""
        place: Any = read_yaml(self.file.read_text(), name="file")["config"]
        first, *rest = path
        for key in (f"mobile-ai:{first}", *rest):
            place = place[key]
        return place

    def replace(self, old: str, new: str, name: str = "") -> None:
        """Replace text in a file, by default the stack file; it must be there."""
        path = self.root / name if name else self.file
        text = path.read_text()
        assert old in text, old
        path.write_text(text.replace(old, new))

    def append(self, text: str) -> None:
        """Add text at the end of the stack file."""
        self.file.write_text(self.file.read_text() + text)

    def adopt(self, signers: Signers, *roles: str) -> None:
        """Let keys of the test sign for some roles, beside those that signed the repository."""
        path = self.root / f"policy-pack/trust/{self.stack}.yaml"
        trust = load_trust(path.read_text(), environment=self.stack, now=NOW)
        keys, members = dict(trust.keys), dict(trust.roles)
        for role in (*roles, "root"):
            key = signers.by_role[role].public_key
            keys[key.keyid] = TrustedKey(key=key, owner=f"{role}@example.com", state="active")
            before = members[role].keyids if role in members and role != "root" else frozenset()
            members[role] = Role(keyids=before | {key.keyid}, threshold=1)
        changed = replace(trust, version=1, keys=keys, roles=members)
        statement = statement_of(TRUST, trust_predicate(changed))
        path.write_text(dump_record(sign_statement(statement, [signers.by_role["root"]])))

    def judge(self) -> Told:
        """Return what the check says, and where it lets the request pass, what the plan says."""
        quick = check_stack(Project(root=self.root, stack=self.stack), now=NOW)
        if quick.problems or quick.denied:
            denied = {item.rule: item.messages for item in quick.denied}
            return Told(problems=quick.problems, denied=denied)
        plan = list(self._deployed_before(plan_of(self.root, self.stack)))
        verdicts = verdicts_on(plan, self.root, self.stack, now=NOW)
        return Told(denied={item.rule: item.messages for item in verdicts if item.denies})

    def _deployed_before(self, plan: list[Resource]) -> Iterator[Resource]:
        """Yield the plan with the repository's own stack as what was deployed before."""
        inputs = load_file(read_stack_file(ROOT / self.file.name), root=ROOT, stack=self.stack)
        before = deployed_baseline(inputs).after(Baseline(), now="2026-01-01T00:00:00Z")
        text = write_deployed(before, stack=self.stack)
        for item in plan:
            told = item.type == DEPLOYED
            yield replace(item, props={"found": STATE, "text": text}) if told else item
