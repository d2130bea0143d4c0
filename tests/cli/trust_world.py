"""A checkout with people's keys, in which `mobile-ai trust` runs as they would run it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from typer.testing import CliRunner, Result

from mobile_ai.cli.models import trust as command
from mobile_ai.contracts.predicates import PROVENANCE
from mobile_ai.contracts.statements import Subject, sign_statement, statement_of
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.signing.keys import create_pair, load_signer
from tests.signing.examples import EXAMPLES

__all__ = ["TrustWorld", "files_below"]


@cache
def _pair(name: str) -> tuple[str, str]:
    """Return a key pair as text; made once in a process, since it is slow."""
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.pem"
        create_pair(path)
        return path.read_text(), path.with_suffix(".pub").read_text()


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(found)}


@dataclass
class TrustWorld:
    """The checkout; ``now`` is the time at which its commands run."""

    root: Path
    environment: str = "dev"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def person(self, name: str) -> str:
        return f"{name.capitalize()} Test <{name}@example.com>"

    def public(self, name: str) -> str:
        return self._key(name, ".pub")

    def private(self, name: str) -> str:
        return f"file2:{self._key(name, '.pem')}"

    def run(self, verb: str, *arguments: str) -> Result:
        where = ("--environment", self.environment) if verb != "new" else ()
        return CliRunner().invoke(
            command.app, [verb, *arguments, *where, "--root-dir", str(self.root)]
        )

    def does(self, verb: str, *arguments: str) -> str:
        """Run a verb that succeeds; return what it prints."""
        done = self.run(verb, *arguments)
        assert done.exit_code == 0, done.output + repr(done.exception)
        return done.output

    def refuses(self, verb: str, *arguments: str) -> str:
        """Run a verb that is refused and writes nothing; return the message."""
        before = files_below(self.root)
        done = self.run(verb, *arguments)
        assert done.exit_code != 0, done.output
        assert files_below(self.root) == before
        return f"{done.exception} {done.output}"

    def new(self, keys: dict[str, str], *more: str) -> str:
        """Begin the trust; ``keys`` are `role:key` pairs by the name of a person."""
        people = [f"{self.person(name)}={self._pairs(pairs)}" for name, pairs in keys.items()]
        options = [word for item in people for word in ("--person", item)]
        return self.does("new", "--environment", self.environment, *options, *more)

    def signs(self, *names: str) -> str:
        """Let root keys sign what is staged, one after the other."""
        said = [self.does("sign", "--key", self.private(name), "--yes") for name in names]
        return said[-1]

    def later(self, days: int) -> None:
        """Let days pass."""
        self.now += timedelta(days=days)

    @property
    def path(self) -> Path:
        return self.root / "policy-pack/trust" / f"{self.environment}.yaml"

    @property
    def staged(self) -> list[str]:
        return sorted(item.name for item in (self.path.parent / "staged").glob("*"))

    @property
    def trust(self) -> Trust:
        text = self.path.read_bytes().decode()
        return load_trust(text, environment=self.environment, now=self.now)

    def accepts(self, name: str, *, released: bool = False, role: str = "builder") -> bool:
        """Return if a statement that a key signs counts."""
        about = [Subject("manifest", "a" * 64)]
        statement = statement_of(PROVENANCE, EXAMPLES["provenance"], subjects=about)
        envelope = sign_statement(statement, [load_signer(self.private(name))])
        try:
            self.trust.verify(envelope, role=role, name="x", released=released)
        except Exception:  # noqa: BLE001  # whatever refuses it
            return False
        return True

    def _pairs(self, pairs: str) -> str:
        named = (item.partition(":") for item in pairs.split())
        return ",".join(f"{role}:{self.public(key)}" for role, _, key in named)

    def _key(self, name: str, suffix: str) -> str:
        folder = self.root.parent / "keys"
        folder.mkdir(exist_ok=True)
        private, public = _pair(name)
        path = folder / f"{name}{suffix}"
        path.write_text(private if suffix == ".pem" else public)
        return str(path)
