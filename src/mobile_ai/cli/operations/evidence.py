"""`mobile-ai evidence`: write or verify the technical documentation of deployed versions."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mobile_ai.cli.errors import UserError, answering
from mobile_ai.cli.options import Json

if TYPE_CHECKING:
    from mobile_ai.gate.project import Project
    from mobile_ai.operations.evidence.write import WrittenBundle


def command(  # noqa: PLR0917  typer passes options by name
    stack: Annotated[str, typer.Option(help="Stack whose file pins the versions.")],
    deployment: Annotated[
        str, typer.Option(help="One deployment, `<app>-<model>`; default: each.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; default: build/evidence/<stack>.")
    ] = None,
    key: Annotated[
        str,
        typer.Option(help="Key that signs the bundle as role builder: awskms:KEY or file2:PATH."),
    ] = "",
    statement: Annotated[
        Path | None, typer.Option(help="Signed statement of `mobile-ai gate --statement`.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Report of `mobile-ai gate --format json --out`.")
    ] = None,
    verify: Annotated[
        Path | None, typer.Option(help="Verify this bundle, and write nothing.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write one bundle for each version that a stack file pins: documentation and evidence.

    The technical documentation follows Annex IV of the EU AI Act; what no file states is named,
    with who could supply it. Without a change the bytes are the same. `--verify` exits 0 if the
    bundle is whole and signed, 1 if it is whole and not signed, 2 if it is neither.

    Example: mobile-ai evidence --stack dev

    Example: mobile-ai evidence --stack prod --report build/gate/gate-prod.json
    --key awskms:alias/mobile-ai-builder

    Example: mobile-ai evidence --stack dev --verify build/evidence/dev/shop-faces-1.0.0.zip
    """
    from mobile_ai.gate import GateError  # noqa: PLC0415  takes a second, too long for a help text
    from mobile_ai.gate.project import find_project  # noqa: PLC0415

    with answering(GateError):
        project = find_project(Path.cwd(), stack)
        if verify is not None:
            others = {"--out": out, "--key": key, "--statement": statement, "--report": report}
            if used := [name for name, value in others.items() if value]:
                raise UserError(
                    f"--verify: got {', '.join(used)} too; expected no other option than --stack. "
                    "Next: leave them out, or leave out --verify."
                )
            raise typer.Exit(_verify(project, verify, as_json=as_json))
        folder = out or Path("build/evidence") / stack
        written = _write(project, folder, deployment, key, statement, report)
    if as_json:
        print(json.dumps([_to_dict(one) for one in written], indent=1))
        return
    for one in written:
        _tell(one)


def _write(  # noqa: PLR0917  as the command's options
    project: "Project",
    folder: Path,
    deployment: str,
    key: str,
    statement: Path | None,
    report: Path | None,
) -> "list[WrittenBundle]":
    from mobile_ai.gate.deploy.issue_statement import trust_of  # noqa: PLC0415
    from mobile_ai.operations.evidence.bundle import ROLE  # noqa: PLC0415
    from mobile_ai.operations.evidence.subject import read_evidence  # noqa: PLC0415
    from mobile_ai.operations.evidence.write import write_bundles  # noqa: PLC0415
    from mobile_ai.signing.roles import check_key, signer_from_uri  # noqa: PLC0415

    signer = None
    if key:
        trust = trust_of(project)
        signer = signer_from_uri(key, role=ROLE, trust=trust)
        check_key(signer.public_key, role=ROLE, trust=trust)
    found = read_evidence(project, deployment=deployment, statement=statement, report=report)
    size = project.stack_file.stat().st_size
    return list(write_bundles(found, folder, stack_file_bytes=size, signer=signer))


def _verify(project: "Project", path: Path, *, as_json: bool) -> int:
    from mobile_ai.gate.deploy.issue_statement import trust_of  # noqa: PLC0415
    from mobile_ai.operations.evidence.verify import verify_bundle  # noqa: PLC0415

    found = verify_bundle(path.read_bytes(), trust_of(project), name=str(path))
    index = found.index
    if as_json:
        value = {"index": found.sha256, "signers": found.signers, "files": len(index.files)}
        print(json.dumps({**value, "deployment": index.deployment, "version": index.version}))
    else:
        print(f"{path}: {len(index.files)} files as its index names them ({found.sha256})")
        print(f"{index.model} {index.version} of {index.deployment}: evidence verified")
        signers = ", ".join(found.signers)
        print(f"signed by {signers}" if signers else "NOT SIGNED: nobody vouches for the document")
    return 0 if found.signers else 1


def _tell(one: "WrittenBundle") -> None:
    document = one.document
    counts = ", ".join(f"{count} {status}" for status, count in document.counts.items())
    print(f"{'wrote' if one.changed else 'unchanged'} {one.path}")
    print(f"  {document.model} {document.version}, Annex IV: {counts}")
    print(f"  {len(document.gaps)} gaps with who could fill them: {one.page}")
    print(f"  index sha256 {one.sha256}{'' if one.signed else ', not signed (--key)'}")


def _to_dict(one: "WrittenBundle") -> dict[str, Any]:
    return {
        "bundle": str(one.path),
        "page": str(one.page),
        "index": one.sha256,
        "signed": one.signed,
        "changed": one.changed,
        "deployment": one.document.deployment,
        "version": one.document.version,
        "points": dict(one.document.counts),
        "gaps": [{"point": at, **gap.model_dump()} for at, gap in one.document.gaps],
    }
