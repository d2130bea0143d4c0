"""The pack's calls: it lists its rules as the SDK would, and judges each request by itself."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from benchmarks._stock_pack import policy_of
from mobile_ai.contracts.engine_values import SECRET, SIGNATURE, UNKNOWN_TEXT
from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.pulumi_pack import servicer
from mobile_ai.governance.pulumi_pack.decode import decode_resource, decode_stack
from mobile_ai.governance.pulumi_pack.policies import describe_pack
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene, changed

_TEXTS = st.sampled_from(["", "a", "b", UNKNOWN_TEXT])
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXTS,
    st.fixed_dictionaries({SIGNATURE: st.just(SECRET), "value": _TEXTS}),
)
_PROPS = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        _LEAVES,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        ),
        max_leaves=8,
    ),
)


def _request(resource: Resource) -> analyzer_pb2.AnalyzeRequest:
    return analyzer_pb2.AnalyzeRequest(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        properties=json_format.ParseDict(dict(resource.props), struct_pb2.Struct()),
    )


def test_every_rule_is_listed_as_the_sdk_lists_a_policy() -> None:
    policies = [policy_of(rule, lambda _args, _report: None) for rule in catalogue()]
    sdk = _PolicyAnalyzerServicer("pack", "1.0", policies, EnforcementLevel.MANDATORY)

    assert describe_pack(catalogue(), name="pack", version="1.0") == sdk.GetAnalyzerInfo(None, None)


def test_what_is_analyzed_is_judged_and_not_what_was_offered_for_remediation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another pack may change a resource in between."""
    scene = Scene()
    monkeypatch.setattr(servicer, "load_setting", lambda _folder, stack, **_: scene.setting(stack))
    pack = servicer.Servicer(tmp_path, version="1.0", clock=lambda: scene.now)
    for item in (scene.context(), *scene.deployed(), scene.model_version()):
        pack.analyze(_request(item), None)
    good = scene.deployment()
    bad = changed(good, "spec", "dataProcessing", "region", to="us-east-1")

    assert pack.remediate(_request(good).SerializeToString(), None) == b""
    assert "data-residency" in _denied(pack.analyze(_request(bad), None))
    pack.remediate(_request(bad).SerializeToString(), None)
    assert not _denied(pack.analyze(_request(good), None))


@given(first=_PROPS, second=_PROPS)
def test_resources_of_a_stack_are_decoded_as_each_alone(first: Any, second: Any) -> None:
    structs = [json_format.ParseDict(item, struct_pb2.Struct()) for item in (first, second)]
    items = [analyzer_pb2.AnalyzerResource(urn=str(n), properties=s) for n, s in enumerate(structs)]
    alone = [analyzer_pb2.AnalyzeRequest(properties=item) for item in structs]

    together = decode_stack(analyzer_pb2.AnalyzeStackRequest(resources=items))

    assert [item.props for item in together] == [decode_resource(item).props for item in alone]


def _denied(answer: bytes) -> set[str]:
    found = analyzer_pb2.AnalyzeResponse.FromString(answer).diagnostics
    return {item.policyName for item in found if item.enforcementLevel == analyzer_pb2.MANDATORY}
