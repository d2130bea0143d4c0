"""Images of a stack file that the roots demand a signed record of, and that have none yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.predicates import IMAGE, PREDICATES, ImagePredicate
from mobile_ai.contracts.records import verify_record
from mobile_ai.contracts.roots_folder import ROOTS_FILE, load_roots, pack_text
from mobile_ai.contracts.statements import load_record
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.stack.reader import read_settings
from mobile_ai.stack.records import load_records


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRecord:
    """A pinned image without a record that counts.

    Attributes:
        reference: The image, by digest.
        role: The role that must vouch for it.
        environment: The environment whose trust lists the role.
    """

    reference: str
    role: str
    environment: str

    def __str__(self) -> str:
        """Return one sentence with the command that drafts the record."""
        return (
            f"{self.reference}: no record by {self.role}. Next, in the image workflow: "
            f"mobile-ai record new image --for {self.environment}"
        )


def wanted_records(root: Path, stack: str, *, now: datetime) -> list[WantedRecord]:
    """Return the pinned images that `images-vouched-for` will deny as new ones.

    A repository without roots demands none.

    Args:
        root: The repository.
        stack: The stack.
        now: The time at which trust and records must hold.

    Raises:
        GovernanceError: If the stack is not listed, or a file cannot be used.
    """
    pack = root / "policy-pack"
    if not (pack / ROOTS_FILE).is_file():
        return []
    entry = load_roots(pack).stack(stack)
    signers = {name: bound.signer for name, bound in entry.bounds.images.items() if bound.signer}
    references = dict.fromkeys(read_settings(stack, root=root).images.references)
    wanted = [item for item in references if item.partition("@")[0] in signers]
    if not wanted:
        return []
    trust = load_trust(pack_text(pack, entry.trust), environment=entry.environment, now=now)
    known = set(_recorded(root, entry.environment, trust, now))
    return [
        WantedRecord(reference=item, role=signers[repository], environment=entry.environment)
        for item in wanted
        for repository, _, digest in (item.partition("@sha256:"),)
        if (repository, digest) not in known
    ]


def _recorded(
    root: Path, environment: str, trust: Trust, now: datetime
) -> Iterator[tuple[str, str]]:
    """Yield repository and digest of each image with a record that counts."""
    for record in load_records(root, f"images/{environment}"):
        try:
            envelope = load_record(record.text, name=record.name)
            found = verify_record(
                envelope, name=record.name, trust=trust, allowed=(PREDICATES[IMAGE],)
            )
        except GovernanceError:
            continue  # the gate refuses it by name
        content = found.content
        if isinstance(content, ImagePredicate) and content.counts(now):
            yield from ((content.repository, digest) for digest in content.named)
