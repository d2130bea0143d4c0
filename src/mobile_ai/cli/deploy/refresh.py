"""`mobile-ai refresh`: detect drift from Git."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_ai.cli.errors import answering
from mobile_ai.cli.options import Cloud, Json, Operated

if TYPE_CHECKING:
    from mobile_ai.gate.state.drift import Drift


def command(
    stack: Annotated[str, typer.Option(help="Stack to refresh: dev, prod, ...")],
    cloud: Operated = Cloud.SANDBOX,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Refresh the stack's state from deployed resources, and report drift from Git.

    It changes nothing in the cloud; the next `mobile-ai up` reverts the drift. `mobile-ai audit`
    reports the author of a change and the rules that it violates.

    Example: mobile-ai refresh --stack dev

    Example: mobile-ai refresh --stack dev --cloud aws --json
    """
    from mobile_ai.gate import GateError, GateOptions  # noqa: PLC0415  takes a second, too long for a help text
    from mobile_ai.gate.deploy.operate import refresh  # noqa: PLC0415
    from mobile_ai.gate.engine.progress import progress_shown  # noqa: PLC0415

    with answering(GateError), progress_shown() as tell:
        seen = refresh(GateOptions(stack=stack, cloud=cloud.value), tell)
    if as_json:
        sys.stdout.write(json.dumps(asdict(seen), indent=2) + "\n")
        return
    for note in seen.notes:
        print(f"note: {note}")
    counted = f"{len(seen.found)} of {seen.resources} resources"
    print(f"Refreshed {stack}: {counted} were changed outside of Git")
    for drift in seen.found:
        print(f"  {_told(drift)}")
    if seen.found:
        where = "" if cloud is Cloud.SANDBOX else f" --cloud {cloud.value}"
        print(f"Next: mobile-ai up --stack {stack}{where}")


def _told(drift: "Drift") -> str:
    types, _, name = drift.urn.rpartition("::")
    kind = types.rpartition("::")[2].rpartition("$")[2]
    return f"{kind} {name}: {', '.join(drift.properties) or 'gone'}"
