"""The roots in a repository: ``policy-pack/stacks.yaml`` with the trusts that it names."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.roots import (
    Needed,
    Roots,
    migrate_roots,
    missing_signatures,
    read_roots,
    sign_roots,
)
from mobile_ai.contracts.trust import Trust, load_trust

_FILE: Final = "stacks.yaml"


class RootsFile:
    """The roots of a policy pack's folder."""

    def __init__(self, pack: Path, *, now: datetime) -> None:
        """Read the file.

        Args:
            pack: The folder of the policy pack.
            now: The time at which trusts must hold.

        Raises:
            DocumentError: If there is no such file.
        """
        self.path = pack / _FILE
        self._pack, self._now = pack, now
        self.text = _read(self.path)

    @property
    def roots(self) -> Roots:
        """The newest version; signatures are not verified.

        Raises:
            DocumentError: If the file is no roots.
        """
        return read_roots(self.text)

    def missing(self) -> list[Needed]:
        """Return the signatures that the newest version still needs.

        Raises:
            GovernanceError: If the roots or a trust that they name cannot be used.
        """
        return missing_signatures(self.text, trust_of=self.trust_of)

    def migrate(self, classes: Mapping[str, str]) -> bool:
        """Write the plain form as a draft of version 1; return whether the file changed.

        Args:
            classes: Class by stack, for entries without one.

        Raises:
            DocumentError: If the file is no roots.
        """
        return self._write(migrate_roots(self.text, classes=classes))

    def sign(self, signer: Signer) -> bool:
        """Add a signature to the newest version; return whether the file changed.

        Raises:
            GovernanceError: If the key may not sign it, or a trust cannot be used.
        """
        return self._write(sign_roots(self.text, signer, trust_of=self.trust_of))

    def trust_of(self, environment: str) -> Trust:
        """Return the trust of an environment.

        Raises:
            GovernanceError: If it cannot be used.
        """
        path = self._pack / self.roots.environments().get(environment, f"trust/{environment}.yaml")
        return load_trust(_read(path), environment=environment, now=self._now)

    def _write(self, text: str) -> bool:
        if text == self.text:
            return False
        fresh = self.path.with_suffix(".tmp")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.path)
        self.text = text
        return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(
            str(path),
            got=type(error).__name__,
            expected="a text file of the policy pack",
            next_step="run in the repository's folder, or restore the file from the protected "
            "branch",
        ) from error
