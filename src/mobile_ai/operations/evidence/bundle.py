"""Evidence bundles: files with an index of their digests, in an archive of the same bytes always.

The index is signed as provenance (SLSA v1) by role `builder`: a bundle is something that was built
from named files. Its only subject is the index, so that the statement vouches for no model.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final, Literal

from pydantic import Field
from securesystemslib.signer import Signer

from mobile_ai.contracts.canonical import canonical_bytes, sha256_bytes
from mobile_ai.contracts.models import StrictModel
from mobile_ai.contracts.predicates import PROVENANCE
from mobile_ai.contracts.printable import printable_json
from mobile_ai.contracts.statements import Subject, dump_envelope, sign_statement, statement_of
from mobile_ai.operations.evidence.annex import technical_document
from mobile_ai.operations.evidence.answer import DEPLOYMENT, MANIFEST, REPORT
from mobile_ai.operations.evidence.page import render_document_html, render_document_markdown
from mobile_ai.operations.evidence.subject import Evidence
from mobile_ai.stack.settings_types import Section

ROLE: Final = "builder"
"""Role that signs the index of a bundle."""
BUILD_TYPE: Final = "urn:mobile-ai:evidence-bundle:v1"
"""``buildType`` of the provenance of a bundle."""
INDEX: Final = "index.json"
"""Index of a bundle."""
SIGNATURE: Final = "index.dsse.json"
"""Signed statement about the index."""
DOCUMENT: Final = "technical-documentation"
"""Name of the document, in three forms."""
TRUST: Final = "trust.yaml"
"""Trust that the statements verify with."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first time that a ZIP archive can hold
_MODE: Final = 0o644 << 16


class IndexedFile(StrictModel):
    """A file of a bundle."""

    path: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class BundleIndex(StrictModel):
    """Subject of a bundle, and the digest of each of its files."""

    api_version: Literal["mobile-ai/v1"] = "mobile-ai/v1"
    kind: Literal["EvidenceBundle"] = "EvidenceBundle"
    stack: str
    environment: str
    stack_file: IndexedFile = Field(description="Pins the version; not in the bundle.")
    deployment: str
    model: str
    version: str
    manifest: str = Field(description="SHA-256 of the manifest.", pattern=r"^[0-9a-f]{64}$")
    files: tuple[IndexedFile, ...] = Field(description="Every file but index and signature.")


def bundle_files(about: Evidence, *, stack_file_bytes: int) -> dict[str, bytes]:
    """Return the files of a bundle by path, the index among them; the same for the same evidence.

    Args:
        about: The deployed version.
        stack_file_bytes: Size of the stack file that pins it.
    """
    document = technical_document(about)
    texts = {
        f"{DOCUMENT}.json": f"{printable_json(document.to_dict(), indent=1)}\n",
        f"{DOCUMENT}.md": render_document_markdown(document),
        f"{DOCUMENT}.html": render_document_html(document),
        DEPLOYMENT: f"{printable_json(_deployment(about), indent=1)}\n",
        MANIFEST: about.files.text,
        TRUST: about.trust_text,
        **{about.file(kind): text for kind, text in about.files.evidence.items()},
        **{f"records/{name}": text for name, text in about.texts.items()},
    }
    if about.previous:
        texts[f"previous/{MANIFEST}"] = about.previous.text
    if about.statement:
        texts["gate/statement.dsse.json"] = about.statement
    if about.report_text:
        texts[REPORT] = about.report_text
    files = {name: text.encode() for name, text in sorted(texts.items())}
    index = BundleIndex(
        stack=about.stack,
        environment=about.trust.environment,
        stack_file=IndexedFile(
            path=about.stack_file[0], sha256=about.stack_file[1], bytes=stack_file_bytes
        ),
        deployment=about.deployment.name,
        model=about.model.manifest.metadata.name,
        version=about.model.manifest.metadata.version,
        manifest=about.model.sha256,
        files=tuple(indexed(name, data) for name, data in files.items()),
    )
    text = json.dumps(index.model_dump(mode="json", by_alias=True), indent=1)
    return {**files, INDEX: f"{text}\n".encode()}


def indexed(name: str, data: bytes) -> IndexedFile:
    """Return a file as an index names it."""
    return IndexedFile(path=name, sha256=sha256_bytes(data), bytes=len(data))


def signed_index(index: bytes, signer: Signer, *, about: Evidence) -> bytes:
    """Return the signed statement about the index of a bundle, as DSSE JSON."""
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"stack": about.stack, "deployment": about.deployment.name},
            "resolvedDependencies": [
                {"name": about.files.path, "digest": {"sha256": about.model.sha256}},
                {"name": about.stack_file[0], "digest": {"sha256": about.stack_file[1]}},
            ],
        },
        "runDetails": {"builder": {"id": BUILD_TYPE}},
    }
    subject = Subject(INDEX, sha256_bytes(index))
    statement = statement_of(PROVENANCE, predicate, subjects=[subject])
    return dump_envelope(sign_statement(statement, [signer])).encode()


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return files as an uncompressed archive, sorted, without times or owners."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as made:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system = 3  # Unix, whatever wrote it
            entry.external_attr = _MODE
            made.writestr(entry, files[name])
    return written.getvalue()


def file_name(about: Evidence) -> str:
    """Return the name of a bundle's archive, without its suffix."""
    return f"{about.deployment.name}-{PurePosixPath(about.files.path).parent.name}"


def _deployment(about: Evidence) -> dict[str, Any]:
    settings = about.settings
    value = {
        "stack": about.stack,
        **_values(about.deployment),
        "images": _values(settings.images),
        "telemetry": _values(settings.telemetry),
        "owner": _values(settings.owner),
    }
    canonical: dict[str, Any] = json.loads(canonical_bytes(value))
    return canonical


def _values(section: Section) -> dict[str, Any]:
    return section.model_dump(mode="json", by_alias=True, exclude_none=True)
