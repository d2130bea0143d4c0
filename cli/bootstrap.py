"""`mobile-ai bootstrap`: what an AWS account needs before the first `up`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from governance.documents import read_yaml
from governance.errors import GovernanceError

from cli.errors import UserError

if TYPE_CHECKING:
    from operations.bootstrap import Wanted

__all__ = ["command"]


def command(
    stack: Annotated[str, typer.Option(help="Stack that will be deployed: dev, prod, ...")],
    repository: Annotated[str, typer.Option(help="OWNER/NAME on GitHub whose workflows deploy.")],
    policies: Annotated[  # noqa: FBT002
        bool, typer.Option("--policies", help="Print the roles' policies; touch nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value.")] = False,  # noqa: FBT002
) -> None:
    """Make state bucket, keys, image repositories and the pipeline's roles, where missing.

    Needs credentials of an administrator of the account that the stack file names, once. The
    roles may do what the stack's last preview uses, and what they make is named after the stack.
    Safe to run again: it changes nothing but policies.

    Example: mobile-ai bootstrap --stack prod --repository example/models --policies
    """
    try:
        wanted = _wanted(stack, repository)
        if policies:
            print(json.dumps(_documents(wanted), indent=1))
            return
        _make(wanted, as_json=as_json)
    except GovernanceError as error:
        raise UserError(str(error)) from error


def _wanted(stack: str, repository: str) -> "Wanted":
    from operations.bootstrap import Wanted  # noqa: PLC0415

    owner, separator, name = repository.partition("/")
    if not (owner and separator and name) or "*" in repository or "/" in name:
        raise UserError(
            f"--repository: got {repository!r}; expected OWNER/NAME. Next: name one repository."
        )
    config = _config(stack)
    aws = config["mobile-ai:aws"]
    region = str(config["mobile-ai:region"])
    return Wanted(
        account=str(aws["accountId"]),
        region=region,
        regions=tuple(sorted({region, *aws["allowedRegions"]})),
        stack=stack,
        repository=repository,
        types=_types(stack),
    )


def _config(stack: str) -> Mapping[str, Any]:
    path = Path(f"Pulumi.{stack}.yaml")
    try:
        value: Mapping[str, Any] = read_yaml(path.read_text("utf-8"), name=path.name)["config"]
    except (OSError, KeyError, TypeError) as error:
        raise UserError(
            f"stack {stack!r}: got no usable {path}; expected a stack file. "
            "Next: run in the folder with Pulumi.yaml, and name a stack that it has."
        ) from error
    return value


def _types(stack: str) -> frozenset[str]:
    from governance.cost.recorded import resources_of_events  # noqa: PLC0415

    path = Path("build/gate") / f"{stack}.events.jsonl"
    if not path.is_file():
        raise UserError(
            f"plan of stack {stack!r}: got no {path}; expected the event stream of a preview. "
            f"Next: run `mobile-ai gate --stack {stack}`; its types decide what the roles may do."
        )
    with path.open(encoding="utf-8") as lines:
        found = {item.type for item in resources_of_events(lines)}
    return frozenset(token for token in found if token.startswith("aws:"))


def _documents(wanted: "Wanted") -> dict[str, Any]:
    from operations.bootstrap import (  # noqa: PLC0415
        deploy_policies,
        gate_policies,
        preview_policies,
        trust_policy,
    )

    ends = {"account": wanted.account, "stack": wanted.stack, "region": wanted.region}
    trust = {
        role: trust_policy(
            account=wanted.account, repository=wanted.repository, environment=environment
        )
        for role, environment in (
            ("deploy", wanted.stack),
            ("preview", f"audit-{wanted.stack}"),
            ("gate", f"gate-{wanted.stack}"),
        )
    }
    key = (
        f"arn:aws:kms:{wanted.region}:{wanted.account}:key/<of alias/mobile-ai-gate-{wanted.stack}>"
    )
    return {
        "trust": trust,
        "deploy": deploy_policies(wanted.types, **ends, regions=wanted.regions),
        "preview": preview_policies(wanted.types, **ends),
        "gate": gate_policies(wanted.types, **ends, key=key),
    }


def _make(wanted: "Wanted", *, as_json: bool) -> None:
    import boto3  # noqa: PLC0415  a second to load
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from operations.bootstrap import bootstrap  # noqa: PLC0415

    session = boto3.Session(region_name=wanted.region)
    found = []
    try:
        for made in bootstrap(wanted, session.client):
            found.append(made)
            if not as_json:
                print(f"{made.outcome:8} {made.what}")
    except (BotoCoreError, ClientError) as error:
        raise UserError(
            f"account {wanted.account}: got {error}; expected administrator's credentials. "
            "Next: run it again; what was made is found."
        ) from error
    values = {item.what: item.value for item in found}
    if as_json:
        print(json.dumps([{"what": i.what, "outcome": i.outcome, "value": i.value} for i in found]))
        return
    key = values["key alias/mobile-ai-state"]
    print(f"\nbackend           {values[f'bucket {wanted.bucket}']}")
    print(f"secrets provider  awskms:///{key.rpartition('/')[2]}?region={wanted.region}")
    print(f"gate key          awskms:alias/mobile-ai-gate-{wanted.stack}")
    for role in ("deploy", "preview", "gate"):
        print(f"{role} role".ljust(18) + values[f"role mobile-ai-pipeline-{wanted.stack}-{role}"])
    print("Next: put the roles into the stack file under `aws`, and the rest into the")
    print("environments of the repository, the gate key's public part into the trust under")
    print("`pipeline`; docs/aws.md says where.")
