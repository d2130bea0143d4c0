"""`mobile-ai down`: destroy a stack's resources."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer

from mobile_ai.cli.errors import answering
from mobile_ai.cli.options import Cloud, Json, Operated

_SITE: Final = "site "
_SHOWN: Final = 8


def command(
    stack: Annotated[str, typer.Option(help="Stack to destroy: dev, prod, ...")],
    cloud: Operated = Cloud.SANDBOX,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Destroy all resources of a stack without confirmation; a sandbox keeps running.

    On AWS nothing is deleted while a resource is protected (`mobile-ai:protect`); in a sandbox,
    protection is removed first. Resources that the sandbox's APIs still list are reported.

    Example: mobile-ai down --stack dev

    Example: mobile-ai down --stack dev --cloud aws --json
    """
    from mobile_ai.gate import GateError, GateOptions  # noqa: PLC0415  takes a second, too long for a help text
    from mobile_ai.gate.deploy.operate import take_down  # noqa: PLC0415
    from mobile_ai.gate.engine.progress import progress_shown  # noqa: PLC0415

    with answering(GateError), progress_shown() as tell:
        gone = take_down(GateOptions(stack=stack, cloud=cloud.value), tell)
    if as_json:
        sys.stdout.write(json.dumps(asdict(gone), indent=2) + "\n")
        return
    for note in gone.notes:
        print(f"note: {note}")
    print(f"Deleted {gone.changes.get('delete', 0)} resources of {stack}.")
    if cloud is Cloud.SANDBOX:
        print("Left in the sandbox:" if gone.left else "Left in the sandbox: nothing.")
    for place, objects in gone.left.items():
        print(f"  {place}: {_listed(objects)}")
        if place.startswith(_SITE):
            site = place.removeprefix(_SITE)
            named = "" if gone.sandbox == "default" else f" --name {gone.sandbox}"
            sync = f"sandbox sync build/sites/{stack}/{site} --site {site}{named}"
            print(f"    until its agent syncs: mobile-ai {sync}")


def _listed(objects: Sequence[str]) -> str:
    more = f" and {len(objects) - _SHOWN} more" if len(objects) > _SHOWN else ""
    return f"{', '.join(objects[:_SHOWN])}{more}"
