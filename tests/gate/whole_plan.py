"""The whole plan of a stack without an engine: the program against a recording one, then judged."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct

from mobile_ai.contracts.engine_values import decode_struct, sharing
from mobile_ai.contracts.resource import PROVIDERS, ProviderReference, Resource, provider_props
from mobile_ai.governance.judge import judge
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting
from mobile_ai.governance.verdict import StackVerdict
from tests.components.support import Registered, run_stack


def plan_of(root: Path, stack: str) -> list[Resource]:
    """Return what the program declares for a stack, as a preview would show it to the pack."""
    engine = run_stack(root, stack)
    return list(_resources(engine.registered))


def verdicts_on(
    plan: list[Resource], root: Path, stack: str, *, now: datetime
) -> list[StackVerdict]:
    """Return the verdicts of the pack of a repository on a plan."""
    setting = load_setting(root / "policy-pack", stack, rules=catalogue(), now=now)
    return judge(lambda _: setting, plan, now=now, preview=True)


def _resources(registered: list[Registered]) -> Iterator[Resource]:
    share = sharing()
    providers: dict[str, ProviderReference] = {}
    for item in registered:
        props = decode_struct(ParseDict(item.inputs, Struct()), share)
        if item.type.startswith(PROVIDERS):
            props = provider_props(props)
            providers[item.urn] = ProviderReference(type=item.type, name=item.name, props=props)
        # A reference to a provider is its URN and its id.
        provider = providers.get(item.provider.rpartition("::")[0])
        yield Resource(
            type=item.type,
            name=item.name,
            urn=item.urn,
            props=props,
            provider=provider,
            parent=item.parent or None,
            protect=item.protect,
        )
