"""`mobile-ai bootstrap`: create the prerequisites of the first `up` in an AWS account."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.options import Json

if TYPE_CHECKING:
    from mobile_ai.contracts.resource import Resource
    from mobile_ai.operations.bootstrap.account import WantedAccount
    from mobile_ai.operations.bootstrap.rights import Right


def command(
    stack: Annotated[str, typer.Option(help="Stack that will be deployed: dev, prod, ...")],
    repository: Annotated[
        str,
        typer.Option(help="OWNER/NAME or OWNER@ID/NAME@ID on GitHub whose workflows deploy."),
    ],
    policies: Annotated[  # noqa: FBT002
        bool, typer.Option("--policies", help="Print the roles' policies; create nothing.")
    ] = False,
    explain: Annotated[  # noqa: FBT002
        bool, typer.Option("--explain", help="Print the permissions that each resource requires.")
    ] = False,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Create state bucket, keys, image repositories and pipeline roles, if missing.

    Requires administrator credentials for the account of the stack file, once. The roles get the
    permissions that the resources of the stack's last preview require, limited to names of the
    stack. Idempotent: a repeated run updates policies only.

    Example: mobile-ai bootstrap --stack prod --repository example/models --policies
    """
    wanted = _wanted(stack, repository)
    if explain:
        _explain(wanted, as_json=as_json)
    elif policies:
        print(json.dumps(_documents(wanted), indent=1))
    else:
        _tell_ids(wanted)
        _make(wanted, as_json=as_json)


def _wanted(stack: str, repository: str) -> "WantedAccount":
    from mobile_ai.operations.bootstrap.account import WantedAccount  # noqa: PLC0415
    from mobile_ai.operations.bootstrap.names import refuse_shared_names  # noqa: PLC0415
    from mobile_ai.operations.bootstrap.rights import StackPlace  # noqa: PLC0415
    from mobile_ai.operations.bootstrap.trust import Repository  # noqa: PLC0415
    from mobile_ai.stack.reader import read_settings  # noqa: PLC0415

    settings = read_settings(stack)
    account, region = settings.aws.account_id, settings.region
    refuse_shared_names(stack, _stacks_of(account))
    # CloudFront requires certificates and web ACLs in us-east-1, whatever the stack's region.
    regions = sorted({region, *settings.aws.allowed_regions, "us-east-1"})
    return WantedAccount(
        place=StackPlace(account=account, stack=stack, region=region, regions=tuple(regions)),
        repository=Repository.parse(repository),
        plan=tuple(_plan(stack)),
    )


def _stacks_of(account: str) -> Iterator[str]:
    """Yield the stacks of the current folder that are deployed into an account."""
    from mobile_ai.stack.reader import read_settings, stack_names  # noqa: PLC0415

    for name in stack_names(Path()):
        if read_settings(name).aws.account_id == account:
            yield name


def _plan(stack: str) -> "list[Resource]":
    from mobile_ai.pricing.recorded import resources_of_events  # noqa: PLC0415

    path = Path("build/gate") / f"{stack}.events.jsonl"
    if not path.is_file():
        raise UserError(
            f"plan of stack {stack!r}: got no {path}; expected the event stream of a preview. "
            f"Next: run `mobile-ai gate --stack {stack}`; its plan decides what the roles may do."
        )
    with path.open(encoding="utf-8") as lines:
        # Resources to be deleted require permissions too.
        found = resources_of_events(lines, deleted=True)
    return [item for item in found if item.type.startswith("aws:")]


def _documents(wanted: "WantedAccount") -> dict[str, Any]:
    from mobile_ai.operations.bootstrap.boundary import boundary_policy  # noqa: PLC0415
    from mobile_ai.operations.bootstrap.documents import (  # noqa: PLC0415
        deploy_policies,
        gate_policies,
        preview_policies,
    )
    from mobile_ai.operations.bootstrap.trust import trust_policy  # noqa: PLC0415

    place, plan = wanted.place, wanted.plan
    trust = {
        role: trust_policy(
            account=place.account, repository=wanted.repository, environment=environment
        )
        for role, environment in (
            ("deploy", place.stack),
            ("preview", f"audit-{place.stack}"),
            ("gate", f"gate-{place.stack}"),
        )
    }
    key = f"arn:aws:kms:{place.region}:{place.account}:key/<of alias/mobile-ai-gate-{place.stack}>"
    return {
        "trust": trust,
        "deploy": deploy_policies(plan, place),
        "preview": preview_policies(plan, place),
        "gate": gate_policies(plan, place, key=key),
        "boundary": boundary_policy(plan, place),
    }


def _explain(wanted: "WantedAccount", *, as_json: bool) -> None:
    from mobile_ai.operations.bootstrap.rights import rights_of_plan  # noqa: PLC0415

    rights = rights_of_plan(wanted.plan, wanted.place)
    if as_json:
        rows = [{**asdict(right), "condition": _condition(right)} for right in rights]
        print(json.dumps(rows, indent=1))
        return
    print(f"calls to regions go to {', '.join(wanted.place.regions)} alone")
    for (token, name), needed in groupby(rights, key=lambda right: (right.type, right.name)):
        print(f"{token} {name}")
        for line in _lines(list(needed)):
            print(f"  {line}")


def _lines(rights: "Sequence[Right]") -> Iterator[str]:
    """Yield one line for each verb and ARN: the actions on it, and their condition."""

    def place(right: "Right") -> tuple[str, str, str]:
        return right.verb, right.arn, right.condition

    for (verb, arn, condition), same in groupby(sorted(rights, key=place), key=place):
        actions = " ".join(right.action for right in same)
        yield f"{verb:7}{actions} on {arn}{_if(condition)}"


def _if(condition: str) -> str:
    """Return a condition as text; the region condition is printed once for all."""
    tests = json.loads(condition) if condition else {}
    told = [
        f"{key} is {' or '.join([wanted] if isinstance(wanted, str) else wanted)}"
        for test in tests.values()
        for key, wanted in test.items()
        if key != "aws:RequestedRegion"
    ]
    return f" if {' and '.join(told)}" if told else ""


def _condition(right: "Right") -> Any:
    return json.loads(right.condition) if right.condition else None


def _tell_ids(wanted: "WantedAccount") -> None:
    """Print how to find a repository's IDs, which tokens of newer repositories contain."""
    repository = wanted.repository
    if repository.id is None:
        print(
            f"trust: only jobs whose token says {repository.subjects(wanted.place.stack)[0]}; "
            "repositories made, renamed or moved since mid-2026 say ids too. To trust both, "
            f"give --repository what this prints: {repository.id_command}",
            file=sys.stderr,
        )


def _make(wanted: "WantedAccount", *, as_json: bool) -> None:
    import boto3  # noqa: PLC0415  a second to load
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from mobile_ai.operations.bootstrap.account import bootstrap  # noqa: PLC0415

    place = wanted.place
    session = boto3.Session(region_name=place.region)
    found = []
    try:
        for made in bootstrap(wanted, session.client):
            found.append(made)
            if not as_json:
                print(f"{made.outcome:8} {made.what}")
    except (BotoCoreError, ClientError) as error:
        raise UserError(
            f"account {place.account}: got {error}; expected administrator's credentials. "
            "Next: run it again; what was made is found."
        ) from error
    values = {item.what: item.value for item in found}
    if as_json:
        print(json.dumps([{"what": i.what, "outcome": i.outcome, "value": i.value} for i in found]))
        return
    key = values["key alias/mobile-ai-state"]
    print(f"\nbackend           {values[f'bucket {wanted.bucket}']}")
    print(f"secrets provider  awskms:///{key.rpartition('/')[2]}?region={place.region}")
    print(f"gate key          awskms:alias/mobile-ai-gate-{place.stack}")
    for role in ("deploy", "preview", "gate"):
        print(f"{role} role".ljust(18) + values[f"role mobile-ai-pipeline-{place.stack}-{role}"])
    print("Next: put them into the environments of the repository, the gate key's public part")
    print("into the trust under `pipeline`; docs/aws.md says where.")
