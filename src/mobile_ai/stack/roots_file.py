"""The roots in a repository: ``policy-pack/stacks.yaml`` with the trusts that it names.

The plain form stays in force until version 1 of the signed roots has its signatures: until then it
waits in ``policy-pack/staged/``, which no judge reads.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from securesystemslib.exceptions import VerificationError as UnverifiedError
from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.documents import read_yaml_documents
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.files import remove_written, write_whole
from mobile_ai.contracts.roots import Roots, migrate_roots, read_roots, roots_versions
from mobile_ai.contracts.roots_folder import ROOTS_FILE, load_trusts, pack_text
from mobile_ai.contracts.roots_signatures import Needed, missing_signatures, sign_roots
from mobile_ai.contracts.trust import Trust
from mobile_ai.contracts.vocabulary import StackClass
from mobile_ai.stack.editor import edited_text
from mobile_ai.stack.roots_changes import Proposal, propose
from mobile_ai.stack.roots_forms import check_forms

_STAGED: Final = f"staged/{ROOTS_FILE}"


class RootsFile:
    """The roots of a policy pack's folder."""

    def __init__(
        self, pack: Path, *, now: datetime, classes: Mapping[str, StackClass] = {}
    ) -> None:
        """Read the file, and its staged version if there is one.

        Args:
            pack: The folder of the policy pack.
            now: The time at which a trust must hold for new signatures.
            classes: Class by stack, for entries of the plain form without one.

        Raises:
            DocumentError: If there is no such file, or a stack is not in it.
        """
        self.path, self.staged = pack / ROOTS_FILE, pack / _STAGED
        self._pack, self._now = pack, now
        self.in_force = _with_classes(pack_text(pack, ROOTS_FILE), classes)
        self.text = pack_text(pack, _STAGED) if self.waits else self.in_force

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
        return missing_signatures(self.text if text is None else text, trusts_of=self._trusts_of)

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
        if self.missing():
            *earlier, newest = roots_versions(self.text)
            check_forms(newest.stacks, before=earlier[-1].stacks if earlier else None)
        text = sign_roots(self.text, signer, trusts_of=self._trusts_of)
        if _is_signed(self.roots, signer):
            text = self.text
        waits = self.waits and bool(self.missing(text))
        place = self.staged if waits else self.path
        before, self.text = pack_text(self._pack, _STAGED if waits else ROOTS_FILE), text
        if text != before:
            write_whole(place, text.encode())
        if not waits:
            self.in_force = text
            remove_written(self.staged, to=self.path)
        return text != before

    def propose(self, stack: str, path: str, value: str) -> Proposal:
        """Write a change of one value; return it with who answers for it.

        Raises:
            GovernanceError: If the roots would not be valid with it, or the value is of no form
                that a stack file can have; nothing was written.
        """
        if self.waits:
            raise DocumentError(
                str(self.staged),
                got="a version that waits for signatures of the list as it is",
                expected="none while the list changes",
                next_step="have it signed (`mobile-ai roots sign`); or delete it, propose the "
                "change, and run mobile-ai migrate again",
            )
        proposal = propose(
            self.in_force, stack=stack, path=path, value=value, trusts_of=self._trusts_of
        )
        check_forms(proposal.roots.stacks, before=read_roots(self.in_force).stacks)
        if proposal.text != self.in_force:
            write_whole(self.path, proposal.text.encode())
            self.text = self.in_force = proposal.text
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
    (document,) = read_yaml_documents(text, name=ROOTS_FILE)[:1] or [None]
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

    def put(edited: Any) -> None:
        for name, value in wanted.items():
            edited["stacks"][name].insert(1, "class", value)

    return edited_text(text, put) if wanted else text


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
