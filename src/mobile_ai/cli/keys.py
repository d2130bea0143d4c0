"""`mobile-ai key`: create a person's key pair."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from mobile_ai.cli.options import Json
from mobile_ai.signing.keys import FILE_SCHEME, KeyKind, create_pair, pair_path

app = typer.Typer(
    no_args_is_help=True,
    help=__doc__,
    epilog="Example: mobile-ai key new ada --folder ~/keys (docs/records.md)",
    rich_markup_mode=None,
)
_KEYS: Final = Path("~/.config/mobile-ai/keys")
_ADVICE: Final = """\
Keep the private half to yourself; give the public half, or its path, to who changes the trust.
A key in AWS KMS needs no file: create one with
  aws kms create-key --key-usage SIGN_VERIFY --key-spec ECC_NIST_P256
and sign with --key awskms:<key id or alias>."""


@app.callback()
def _group() -> None:
    """Keep `new` a subcommand, as typer drops the name of a single one."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the person or job that the key is of.")],
    folder: Annotated[Path, typer.Option(help="Folder of the pair, outside of Git.")] = _KEYS,
    kind: Annotated[
        KeyKind, typer.Option(help="p256: as AWS KMS has; ed25519: for keys of releases.")
    ] = "p256",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write a key pair for one person, and print its public half and key id.

    The private half is NAME.pem (PKCS #8, mode 0600), the public half NAME.pub. Neither is
    written over an existing file; a private half alone, as an interrupted run leaves it, gets its
    public half.

    Example: mobile-ai key new ada --folder ~/keys
    """
    path = pair_path(folder, name)
    public, uri = path.with_suffix(".pub"), f"{FILE_SCHEME}{path}"
    key = create_pair(path, kind=kind, complete=not public.exists())
    if as_json:
        value = {"keyid": key.keyid, "public": key.keyval["public"], "file": str(public)}
        print(json.dumps({**value, "key": uri}, indent=1))
        return
    print(f"key id: {key.keyid}\nprivate: {path}\npublic: {public}\n{key.keyval['public']}")
    print(f"Sign with --key {uri}\n{_ADVICE}")
