"""The roots in a repository: ``policy-pack/stacks.yaml`` with the trusts that it names.

The plain form stays in force until version 1 of the signed roots has its signatures: until then it
waits in ``policy-pack/staged/``, which no judge reads.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from securesystemslib.exceptions import VerificationError as UnverifiedError
from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.documents import read_yaml_documents
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.files import write_whole
from mobile_ai.contracts.roots import (
    Needed,
    Roots,
    migrate_roots,
    missing_signatures,
    read_roots,
    sign_roots,
)
from mobile_ai.contracts.trust import RENEW, Trust, load_trust
from mobile_ai.contracts.vocabulary import StackClass
from mobile_ai.stack.editor import edited_text

_FILE: Final = "stacks.yaml"
_STAGED: Final = "staged"


class RootsFile:
    """The roots of a policy pack's folder."""

    def __init__(
        self, pack: Path, *, now: datetime, classes: Mapping[str, StackClass] = {}
    ) -> None:
        """Read the file, and its staged version if there is one.

        Args:
            pack: The folder of the policy pack.
            now: The time at which trusts must hold.
            classes: Class by stack, for entries of the plain form without one.

        Raises:
            DocumentError: If there is no such file, or a stack is not in it.
        """
        self.path, self.staged = pack / _FILE, pack / _STAGED / _FILE
        self._pack, self._now = pack, now
        self.in_force = _with_classes(_read(self.path), classes)
        self.text = _read(self.staged) if self.waits else self.in_force

    @property
    def waits(self) -> bool:
        """True if version 1 is staged, and so the plain form in force.

        Raises:
            DocumentError: If the file is no roots.
        """
        return self.staged.is_file() and read_roots(self.in_force).envelope is None

    @property
    def roots(self) -> Roots:
        """The newest version, which may be staged; signatures are not verified.

        Raises:
            DocumentError: If the file is no roots.
        """
        return read_roots(self.text)

    def missing(self, text: str | None = None) -> list[Needed]:
        """Return the signatures that the newest version, or that of another text, still needs.

        Raises:
            GovernanceError: If the roots or a trust that they name cannot be used.
        """
        return missing_signatures(self.text if text is None else text, trust_of=self.trust_of)

    def migrated(self) -> str:
        """Return the newest version in the signed form; a staged one of the same content as it is.

        Raises:
            DocumentError: If the file is no roots.
        """
        text = migrate_roots(self.in_force)
        same = self.roots.envelope and read_roots(text).stacks == self.roots.stacks
        return self.text if same else text

    def sign(self, signer: Signer) -> bool:
        """Add a signature to the newest version; return whether a file changed.

        A staged version that has all its signatures replaces the plain form.

        Raises:
            GovernanceError: If the key may not sign it, a trust cannot be used, or the plain form
                was changed after the version was staged.
        """
        self._check_staged()
        self._check_valid(signer)
        text = sign_roots(self.text, signer, trust_of=self.trust_of)
        if _is_signed(self.roots, signer):
            text = self.text
        waits = self.waits and bool(self.missing(text))
        place = self.staged if waits else self.path
        before, self.text = _read(place), text
        if text != before:
            write_whole(place, text.encode())
        if not waits:
            self.in_force = text
            self.staged.unlink(missing_ok=True)
        return text != before

    def trust_of(self, environment: str) -> Trust:
        """Return the trust of an environment.

        Raises:
            GovernanceError: If it cannot be used.
        """
        path = self._pack / self.roots.environments().get(environment, f"trust/{environment}.yaml")
        return load_trust(_read(path), environment=environment, now=self._now)

    def _check_valid(self, signer: Signer) -> None:
        for environment in self.roots.environments():
            trust = self.trust_of(environment)
            if trust.expired and signer.public_key.keyid in trust.keys:
                raise DocumentError(
                    f"trust {trust.label}",
                    got=f"one that {trust.ended}",
                    expected="a valid trust: nothing new that is signed under it counts",
                    next_step=f"{RENEW}; nothing was written",
                )

    def _check_staged(self) -> None:
        if self.waits and read_roots(self.in_force).stacks != self.roots.stacks:
            raise DocumentError(
                str(self.staged),
                got="another content than policy-pack/stacks.yaml, which was changed since",
                expected="the same stacks",
                next_step="run mobile-ai migrate again, then sign",
            )


def _with_classes(text: str, classes: Mapping[str, StackClass]) -> str:
    """Return the plain form with the class of each entry that has none; comments stay."""
    if not classes:
        return text
    (document,) = read_yaml_documents(text, name=_FILE)[:1] or [None]
    entries = document.get("stacks") if isinstance(document, dict) else None
    if not isinstance(entries, dict):
        return text
    lacking = {stack for stack, item in entries.items() if isinstance(item, dict)}
    if unknown := sorted(set(classes) - lacking):
        raise DocumentError(
            f"--class {unknown[0]}",
            got="no such stack",
            expected=f"one of {sorted(lacking)}",
            next_step="name a stack of policy-pack/stacks.yaml, as in mobile-ai migrate --help",
        )
    wanted = {name: value for name, value in classes.items() if "class" not in entries[name]}

    def put(edited: Any) -> str:
        for name, value in wanted.items():
            edited["stacks"][name].insert(1, "class", value)
        return ", ".join(wanted)

    return edited_text(text, put)[0] if wanted else text


def _is_signed(roots: Roots, signer: Signer) -> bool:
    """Return whether a version has a valid signature of a key: ECDSA never signs the same twice."""
    key, envelope = signer.public_key, roots.envelope
    if envelope is None or key.keyid not in envelope.signatures:
        return False
    try:
        key.verify_signature(envelope.signatures[key.keyid], envelope.pae())
    except UnverifiedError:
        return False
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
