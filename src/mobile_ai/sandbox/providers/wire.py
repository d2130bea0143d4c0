"""Converts requests and responses of the provider protocol."""

from __future__ import annotations

from collections.abc import Iterable

from pulumi.runtime.proto import provider_pb2

from mobile_ai.sandbox.providers.diff import Change
from mobile_ai.sandbox.providers.errors import Failure
from mobile_ai.sandbox.providers.naming import NamingMode, NamingRequest
from mobile_ai.sandbox.providers.spec import TypeFacts
from mobile_ai.sandbox.providers.values import Properties, contains_secret, decode

_Autonaming = provider_pb2.CheckRequest.AutonamingOptions
_MODES = {
    _Autonaming.PROPOSE: NamingMode.PROPOSE,
    _Autonaming.ENFORCE: NamingMode.ENFORCE,
    _Autonaming.DISABLE: NamingMode.DISABLE,
}


def naming_request(request: provider_pb2.CheckRequest) -> NamingRequest:
    """Return the naming request of a check request."""
    chosen = request.HasField("autonaming")
    return NamingRequest(
        logical=request.name or request.urn.rsplit("::", 1)[-1],
        seed=request.randomSeed,
        mode=_MODES[request.autonaming.mode] if chosen else NamingMode.DEFAULT,
        proposed=request.autonaming.proposed_name if chosen else "",
    )


def old_inputs(request: provider_pb2.DiffRequest, facts: TypeFacts) -> Properties:
    """Return the inputs of the last operation; an old engine sends outputs only."""
    if request.HasField("old_inputs"):
        return decode(request.old_inputs)
    return {key: value for key, value in decode(request.olds).items() if key in facts.inputs}


def check_failures(failures: list[Failure], inputs: Properties) -> list[provider_pb2.CheckFailure]:
    """Return failures in the protocol's form.

    The engine prints the value of the property that a failure names: a secret in plain text, and
    `<nil>` for a nested path. Neither is named; the reason contains the path.
    """
    return [
        provider_pb2.CheckFailure(
            property=failure.path if _may_be_shown(failure.path, inputs) else "",
            reason=failure.reason,
        )
        for failure in failures
    ]


def _may_be_shown(path: str, inputs: Properties) -> bool:
    return path in inputs and not contains_secret(inputs[path])


def diff_response(
    changes: list[Change],
    *,
    replacing: frozenset[str],
    replaces: Iterable[str],
    delete_first: bool,
) -> provider_pb2.DiffResponse:
    """Return a detailed diff: each changed location, and those that force a replacement.

    Args:
        changes: Every change.
        replacing: Paths of changes that force a replacement.
        replaces: The same paths as the provider reports them.
        delete_first: Delete the old object before creating the new one.
    """
    kinds = provider_pb2.PropertyDiff.Kind
    detailed = {
        change.path: provider_pb2.PropertyDiff(
            kind=kinds.Value(f"{change.kind}_REPLACE" if change.path in replacing else change.kind),
            inputDiff=True,
        )
        for change in changes
    }
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if changes else response.DIFF_NONE,
        diffs=top_level(detailed),
        replaces=sorted(replaces),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_first,
    )


def top_level(paths: Iterable[str]) -> list[str]:
    """Return the first parts of property paths, without duplicates."""
    return sorted({path.split(".")[0].split("[")[0] for path in paths})
