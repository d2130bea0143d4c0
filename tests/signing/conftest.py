"""A repository with two stacks, whose trust has the example keys."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.predicates import TRUST
from mobile_ai.contracts.statements import dump_record, sign_statement, statement_of
from mobile_ai.contracts.trust import Trust, trust_predicate
from tests.signing.examples import draft, example_trust, signer

ROOT = Path(__file__).resolve().parents[2]


class Place:
    """A repository, a folder of keys beside it, and what is in both."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        self.keys = folder / "keys"
        self.drafts = folder / "drafts"
        for item in (self.root / "policy-pack" / "trust", self.keys, self.drafts):
            item.mkdir(parents=True)
        for stack in ("dev", "prod"):
            shutil.copy(ROOT / f"Pulumi.{stack}.yaml", self.root)
            self.trust(environment=stack)

    def trust(
        self,
        *,
        environment: str = "dev",
        thresholds: dict[str, int] | None = None,
        expires: datetime = datetime(2036, 1, 1, tzinfo=UTC),
    ) -> Trust:
        """Write an environment's trust."""
        found = replace(example_trust(environment, thresholds=thresholds), expires=expires)
        roots = [signer("root", number) for number in range(1, found.roles["root"].threshold + 1)]
        text = dump_record(sign_statement(statement_of(TRUST, trust_predicate(found)), roots))
        (self.root / "policy-pack" / "trust" / f"{environment}.yaml").write_text(text)
        return found

    def key(self, role: str, number: int = 1) -> str:
        """Return the URI of a role's key."""
        path = self.keys / f"{role}-{number}.pem"
        path.write_bytes(signer(role, number).private_bytes)
        return f"file2:{path}"

    def draft(self, name: str, **changes: object) -> Path:
        """Write a draft of an example."""
        path = self.drafts / f"{name}.yaml"
        path.write_text(dump_yaml({**draft(name), **changes}))
        return path

    def files(self) -> dict[str, bytes]:
        """Return what is in the repository."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)
