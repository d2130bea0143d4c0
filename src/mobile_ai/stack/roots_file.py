"""The roots in a repository: ``policy-pack/stacks.yaml`` with the trusts that it names."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.files import write_whole
from mobile_ai.contracts.roots import Roots, migrate_roots, read_roots
from mobile_ai.contracts.roots_folder import ROOTS_FILE, load_trusts, pack_text
from mobile_ai.contracts.roots_signatures import Needed, missing_signatures, sign_roots
from mobile_ai.contracts.trust import Trust
from mobile_ai.stack.roots_changes import Proposal, propose


class RootsFile:
    """The roots of a policy pack's folder, which may still lack signatures."""

    def __init__(self, pack: Path, *, now: datetime) -> None:
        """Read the file.

        Args:
            pack: The folder of the policy pack.
            now: The time at which a trust must hold for new signatures.

        Raises:
            DocumentError: If there is no such file.
        """
        self.path = pack / ROOTS_FILE
        self._pack, self._now = pack, now
        self.text = pack_text(pack, ROOTS_FILE)

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
        return missing_signatures(self.text, trusts_of=self._trusts_of)

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
        return self._write(sign_roots(self.text, signer, trusts_of=self._trusts_of))

    def propose(self, stack: str, path: str, value: str) -> Proposal:
        """Write a change of one value; return it with who answers for it.

        Raises:
            GovernanceError: If the roots would not be valid with it; nothing was written.
        """
        proposal = propose(
            self.text, stack=stack, path=path, value=value, trusts_of=self._trusts_of
        )
        self._write(proposal.text)
        return proposal

    def trust_of(self, environment: str) -> Trust:
        """Return the newest version of the trust of an environment.

        Raises:
            GovernanceError: If it cannot be used.
        """
        file = self.roots.environments().get(environment, f"trust/{environment}.yaml")
        return self._trusts_of(environment, file)[-1]

    def _trusts_of(self, environment: str, file: str) -> tuple[Trust, ...]:
        *earlier, newest = load_trusts(self._pack, environment, file)
        return (*earlier, replace(newest, expired=newest.expires <= self._now))

    def _write(self, text: str) -> bool:
        if text == self.text:
            return False
        write_whole(self.path, text.encode())
        self.text = text
        return True
