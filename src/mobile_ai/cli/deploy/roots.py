"""`mobile-ai roots`: show, change and sign the list of stacks and their bounds."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mobile_ai.cli.options import Json
from mobile_ai.signing.roles import signer_from_uri
from mobile_ai.stack.roots_file import RootsFile

app = typer.Typer(
    no_args_is_help=True,
    help=__doc__,
    epilog="Example: mobile-ai roots show (docs/policies.md, Bounds)",
    rich_markup_mode=None,
)

Pack = Annotated[Path, typer.Option("--pack", help="Folder of the policy pack.")]


@app.command()
def show(pack: Pack = Path("policy-pack"), as_json: Json = False) -> None:  # noqa: FBT002
    """Show stacks, classes and the signatures that the newest version still needs.

    Example: mobile-ai roots show --json
    """
    _show(_file(pack), as_json=as_json)


@app.command()
def propose(
    stack: Annotated[str, typer.Argument(help="Stack, as in Pulumi.<stack>.yaml.")],
    path: Annotated[
        str,
        typer.Argument(help="Field: keys with dots, odd keys in [brackets], [+] for a new item."),
    ],
    value: Annotated[str, typer.Argument(help="Value, as YAML.")],
    pack: Pack = Path("policy-pack"),
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write a change of one bound, and say who must sign or review it.

    Signed roots get a next version that waits for its signatures; the plain form is edited.

    Example: mobile-ai roots propose dev 'bounds.domains[+]' example.org
    """
    file = _file(pack)
    before = file.text
    proposal = file.propose(stack, path, value)
    changed = file.text != before
    if not as_json:
        print(f"{path} of {stack}: {proposal.owner} answers for it")
        if changed and not file.roots.version:
            print(
                f"review by the owners of {file.path} (CODEOWNERS); merge it before what needs it"
            )
    _show(file, as_json=as_json, written=changed)


@app.command()
def sign(
    key: Annotated[str, typer.Option("--key", help="Signer: file2:PATH, awskms:KEY, ...")],
    pack: Pack = Path("policy-pack"),
    role: Annotated[str, typer.Option(help="Role that signs: security or finops-approver.")] = (
        "security"
    ),
    environment: Annotated[
        str | None,
        typer.Option("--environment", "-e", help="Environment whose trust has the key, for KMS."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Sign the newest version of the roots, if it needs a signature of that key.

    A version that `mobile-ai migrate` staged is in force once it has every signature.

    Example: mobile-ai roots sign --key awskms:alias/security --environment prod
    """
    file = _file(pack)
    trust = file.trust_of(environment) if environment else None
    changed = file.sign(signer_from_uri(key, role=role, trust=trust))
    _show(file, as_json=as_json, written=changed)


def _file(pack: Path) -> RootsFile:
    return RootsFile(pack, now=datetime.now(UTC))


def _show(file: RootsFile, *, as_json: bool, written: bool | None = None) -> None:
    roots, missing = file.roots, file.missing()
    if as_json:
        stacks = {
            name: {"environment": item.environment, "class": item.stack_class}
            for name, item in roots.stacks.items()
        }
        print(
            json.dumps(
                {
                    "version": roots.version,
                    "written": bool(written),
                    "staged": file.waits,
                    "stacks": stacks,
                    "missing": [asdict(item) for item in missing],
                }
            )
        )
        return
    if written is not None:
        place = file.staged if file.waits else file.path
        print(f"{'wrote' if written else 'unchanged:'} {place}")
    for name, item in roots.stacks.items():
        print(f"{name}: environment {item.environment}, {item.stack_class}")
    staged = f", staged in {file.staged}" if file.waits else ""
    print(f"version {roots.version}{staged}" if roots.version else "plain form, not signed")
    for needed in missing:
        print(f"needs {needed.threshold} by {needed.role} of {needed.environment}")
