"""`mobile-ai bundle`: write the Kubernetes bundles of `pull` sites from the state."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mobile_ai.cli.errors import answering
from mobile_ai.cli.options import Cloud, Json, Operated


def command(
    stack: Annotated[str, typer.Option(help="Stack to write the bundles of: dev, prod, ...")],
    cloud: Operated = Cloud.SANDBOX,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for one subfolder a site; default: build/sites/<stack>."),
    ] = None,
    removed: Annotated[
        list[str] | None,
        typer.Option(help="Site that the stack has no more; its bundle gets no objects."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write the bundle of every `pull` site, whole and with its index.

    `mobile-ai up` and `down` do this themselves. After a plain `pulumi up` it is required: the
    provider writes changed objects only, and no index, without which an agent refuses the bundle.

    Example: pulumi up --stack prod && mobile-ai bundle --stack prod --cloud aws

    Example: mobile-ai bundle --stack dev --out build/bundles --removed lab
    """
    from mobile_ai.gate import GateError, GateOptions  # noqa: PLC0415  takes a second, too long for a help text
    from mobile_ai.gate.deploy.local import in_sandbox  # noqa: PLC0415
    from mobile_ai.gate.deploy.site_bundles import bundle_state  # noqa: PLC0415

    options = GateOptions(stack=stack, cloud=cloud.value)
    with answering(GateError):
        if cloud is Cloud.SANDBOX:
            options = in_sandbox(options)
        written = bundle_state(options, out=out, removed=removed or ())
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in written], indent=2) + "\n")
        return
    for one in written:
        print(f"{one.site}: {one.folder}, {one.files} manifests, commit {one.commit or 'unknown'}")
    if not written:
        print(f"Stack {stack} has no site in mode `pull`.")
