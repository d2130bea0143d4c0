"""A repository whose every signing verb can run, with all keys at hand, and copies of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.files import is_draft
from mobile_ai.contracts.predicates import TRUST
from mobile_ai.contracts.statements import dump_record, sign_statement, statement_of
from mobile_ai.contracts.trust import Trust, trust_predicate
from mobile_ai.model_build.approve import QUESTIONS
from mobile_ai.signing.keys import create_pair
from mobile_ai.signing.trust.changes import NewKey, add_key
from mobile_ai.signing.trust.public_keys import read_public_key
from mobile_ai.testing.signing import Signers, make_trust
from tests.e2e.checkout import Checkout
from tests.e2e.world import sign_world
from tests.signing.examples import draft

__all__ = ["Outcome", "Server", "World"]

ROOT = Path(__file__).resolve().parents[2]
QUESTIONNAIRE = {
    "decision": "approved",
    "riskClass": "limited",
    "humanOversight": "oversight@example.com",
    "scope": {
        "apps": ["field-assistant"],
        "dataTypes": ["camera-image"],
        "regions": ["eu-central-1"],
        "privacyTiers": ["Internal"],
    },
    "questionnaire": {key: f"An answer about {key}." for key in QUESTIONS},
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a command."""

    code: int
    said: str
    renames: list[str]


class Server:
    """The process that runs commands (see ``faults_server``)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.faults_server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, world: World, argv: list[str], *, stop: list[int] | None = None) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job = {"argv": argv, "cwd": str(world.root), "stop": stop}
        print(json.dumps(job), file=self._process.stdin, flush=True)
        return Outcome(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class World:
    """A folder with ``repository`` and, beside it, ``keys``, ``out`` and drafts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root, self.keys = folder, folder / "repository", folder / "keys"

    @classmethod
    def make(cls, folder: Path) -> World:
        """Make the first world: stack dev, signed by keys of its own."""
        world = cls(folder)
        for item in (world.root, world.keys, folder / "drafts", folder / "out"):
            item.mkdir(parents=True)
        names = ("models", "policy-pack/config", "policy-pack/stacks.yaml", "usage/dev")
        for name in (*names, "Pulumi.yaml", "Pulumi.dev.yaml"):
            source, target = ROOT / name, world.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        signers = sign_world(Checkout(root=world.root))
        for role, signer in signers.by_role.items():
            (world.keys / f"{role}.pem").write_bytes(signer.private_bytes)
        for name in ("stranger", "ana", "ben"):
            create_pair(world.keys / f"{name}.pem")
        world._write_trusts(signers)
        (folder / "answers.yaml").write_text(dump_yaml(QUESTIONNAIRE))
        waiver = draft("waiver")
        term = {"issued": "2098-01-01T00:00:00Z", "expires": "2098-01-05T00:00:00Z"}
        waiver["predicate"] = {**waiver["predicate"], **term}
        (folder / "drafts/waiver.yaml").write_text(dump_yaml(waiver))
        return world

    def copy(self, folder: Path) -> World:
        shutil.copytree(self.folder, folder)
        return World(folder)

    def key(self, name: str) -> str:
        return f"file2:{self.keys / name}.pem"

    def put_trust(self, kind: str, environment: str = "dev") -> None:
        """Put one of the prepared trusts in place: expired, foreign or two-roots."""
        shutil.copy(
            self.folder / f"{kind}.yaml", self.root / f"policy-pack/trust/{environment}.yaml"
        )

    def pin_first_root(self) -> None:
        """Configure the pack with the first root of the releases, as its owner does."""
        first = sha256_bytes((self.root / "releases/dev/metadata/1.root.json").read_bytes())
        path = self.root / "policy-pack/stacks.yaml"
        text = re.sub("releaseRoot: [0-9a-f]{64}", f"releaseRoot: {first}", path.read_text())
        path.write_text(text)

    def signers(self, **replaced: str) -> Path:
        """Write a list of release signers in which a role has other keys."""
        path = self.keys / "release/signers.yaml"
        text = path.read_text()
        for role, name in replaced.items():
            text = re.sub(
                rf"(  {role}:\n)(  - .*\n)+", rf"\1  - file2:{self.keys / name}.pem\n", text
            )
        other = path.with_name("other.yaml")
        other.write_text(text)
        return other

    def files(self) -> dict[str, bytes]:
        """Return every file."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def drafts(self) -> list[str]:
        """Return what has a temporary name."""
        return [path.name for path in self.folder.rglob("*") if is_draft(path.name)]

    def is_left(self, name: str) -> bool:
        """Return whether a file has a temporary name, or is in a folder that has one."""
        return any(map(is_draft, Path(name).parts))

    def folders_of(self, names: set[str]) -> Iterator[Path]:
        """Yield the folders in which files appear or change: the innermost that exist."""
        found = set()
        for name in names:
            folder = (self.folder / name).parent
            while not folder.exists():
                folder = folder.parent
            found.add(folder.relative_to(self.folder))
        yield from sorted(found)

    def _write_trusts(self, signers: Signers) -> None:
        """Prepare trusts of the same keys: expired, of another environment, with two root keys."""
        valid = _with_root(make_trust(signers, environment="dev"), self.keys / "ana.pub")
        kinds = {
            "expired": replace(valid, expires=datetime(2026, 1, 1, tzinfo=UTC)),
            "foreign": replace(valid, environment="prod"),
            "two-roots": valid,
        }
        for kind, trust in kinds.items():
            statement = statement_of(TRUST, trust_predicate(trust))
            keys = [signers.by_role["root"]]
            (self.folder / f"{kind}.yaml").write_text(dump_record(sign_statement(statement, keys)))


def _with_root(trust: Trust, public: Path) -> Trust:
    owner = "Ana Test <ana@example.com>"
    return add_key(trust, NewKey(owner=owner, role="root", key=read_public_key(str(public))))
