"""`mobile-ai images`: check and update the image digests pinned in stack files."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_ai.cli.options import Json

if TYPE_CHECKING:
    from mobile_ai.operations.images.pins import Moved

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)

_MOVED = 1
_SHOWN = 19  # characters of a digest in the text output
Stack = Annotated[str, typer.Option("--stack", "-s", help="Stack, as in Pulumi.<stack>.yaml.")]
Tag = Annotated[
    str,
    typer.Option(help="Tag to resolve; default: the reference's tag, or the highest version."),
]


@app.command()
def check(stack: Stack, tag: Tag = "", as_json: Json = False) -> None:  # noqa: FBT002
    """List images with newer digests; exit code 1 if there are any.

    Reads registries with the credentials of `docker login`, Amazon ECR with the AWS credentials
    of the environment, and anonymously without either.

    Example: mobile-ai images check --stack prod
    """
    found = _found(stack, tag)
    _show(found, as_json=as_json)
    if any(item.is_newer for item in found):
        raise typer.Exit(_MOVED)


@app.command()
def pin(stack: Stack, tag: Tag = "", as_json: Json = False) -> None:  # noqa: FBT002
    """Write newer digests into the stack file; all of them, or none if one cannot be resolved.

    Images that the roots demand a record of, and that have none, are listed with the command.

    Example: mobile-ai images pin --stack prod --tag 1.5.0
    """
    from mobile_ai.operations.images.pins import pin as write  # noqa: PLC0415

    found = _found(stack, tag)
    write(_file(stack), found)
    _show(found, as_json=as_json)
    if not as_json:
        _show_wanted(stack)


def _show_wanted(stack: str) -> None:
    from mobile_ai.operations.images.wanted_records import wanted_records  # noqa: PLC0415

    for item in wanted_records(Path(), stack, now=datetime.now(UTC)):
        print(item)


def _found(stack: str, tag: str) -> "list[Moved]":
    from mobile_ai.operations.images.login import login  # noqa: PLC0415
    from mobile_ai.operations.images.pins import compare_images, read_images  # noqa: PLC0415
    from mobile_ai.operations.images.registry import ImageRegistry  # noqa: PLC0415

    return compare_images(read_images(_file(stack)), ImageRegistry(credentials=login), tag=tag)


def _file(stack: str) -> Path:
    from mobile_ai.stack.reader import stack_file_name  # noqa: PLC0415

    return Path(stack_file_name(stack))


def _show(found: "list[Moved]", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([item.to_dict() for item in found], indent=1))
        return
    for item in found:
        before, now = item.image.digest[:_SHOWN], item.digest[:_SHOWN]
        said = f"{before} -> {now}" if item.is_newer else f"{before}, as pinned"
        print(f"{item.image.name:12} {item.image.repository}:{item.tag}  {said}")
    print(f"{sum(item.is_newer for item in found)} of {len(found)} images moved")
