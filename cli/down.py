"""`mobile-ai down`: delete what a stack deployed into the sandbox."""

from typing import Annotated

import typer

from cli.errors import UserError

__all__ = ["command"]


def command(
    stack: Annotated[str, typer.Option(help="Stack to take away: dev, prod, ...")],
) -> None:
    """Delete everything that a stack deployed into the sandbox; the sandbox goes on running.

    Example: mobile-ai down --stack dev
    """
    from gate import GateError, Options  # noqa: PLC0415  a help text has no second for it
    from gate.operate import take_down  # noqa: PLC0415
    from gate.progress import shown  # noqa: PLC0415

    try:
        with shown() as tell:
            gone = take_down(Options(stack=stack), tell)
    except GateError as error:
        raise UserError(str(error)) from error
    for note in gone.notes:
        print(f"note: {note}")
    print(f"Deleted {gone.changes.get('delete', 0)} resources of {stack}.")
