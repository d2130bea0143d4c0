"""One resource, told in each form that the engine has for it, is one `Resource`.

The forms are those of pulumi/pulumi: an exported state and an event carry what
`SerializePropertyValue` writes (pkg/resource/stack/deployment.go), a request to an analyzer what
`MarshalPropertyValue` writes with unknowns and secrets kept, internal keys skipped and references
reduced to an id (sdk/go/common/resource/plugin/{analyzer_plugin,rpc}.go).
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import analyzer_pb2

from mobile_ai.contracts.engine_values import (
    ARCHIVE,
    ASSET,
    OUTPUT,
    REFERENCE,
    SECRET,
    SIGNATURE,
    UNKNOWN_TEXT,
    UNKNOWNS,
)
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.exported import read_export
from mobile_ai.contracts.reading import UNKNOWN, Secret
from mobile_ai.contracts.resource import ProviderReference, Resource
from mobile_ai.governance.pulumi_pack.decode import decode_resource, decode_stack
from mobile_ai.pricing.recorded import resources_of_events
from mobile_ai.sandbox.providers import values

ROOT = "urn:pulumi:dev::mobile-ai::pulumi:pulumi:Stack::mobile-ai-dev"
AWS = "urn:pulumi:dev::mobile-ai::pulumi:providers:aws::aws"
BUCKET = "urn:pulumi:dev::mobile-ai::aws:s3/bucket:Bucket::files"
# A name may hold the separator itself: sdk/go/common/resource/urn/urn.go, `URN.Name`.
QUEUE = "urn:pulumi:dev::mobile-ai::aws:sqs/queue:Queue::a::b"

BLINDED = {SIGNATURE: SECRET, "ciphertext": "[secret]"}
_ASSET = {SIGNATURE: ASSET, "hash": "ab", "text": "x"}
_ARCHIVE = {SIGNATURE: ARCHIVE, "hash": "cd", "assets": {"f": _ASSET}}


def _ref(urn: str, **more: str) -> dict[str, str]:
    return {SIGNATURE: REFERENCE, "urn": urn, "packageVersion": "", **more}


# By property: as a state or an event has it, as a request has it, and what a rule reads.
VALUES: dict[str, tuple[Any, Any, Any]] = {
    "text": ("t", "t", "t"),
    "number": (3, 3.0, 3),
    "nothing": (None, None, None),
    "nested": ({"__kept": [True, {}]}, {"__kept": [True, {}]}, {"__kept": [True, {}]}),
    "secret": (BLINDED, {SIGNATURE: SECRET, "value": "[secret]"}, Secret("[secret]")),
    "deep": (
        [{"a": BLINDED}],
        [{"a": {SIGNATURE: SECRET, "value": "[secret]"}}],
        [{"a": Secret("[secret]")}],
    ),
    "shown": (
        {SIGNATURE: SECRET, "plaintext": json.dumps({"k": [1, UNKNOWN_TEXT]})},
        {SIGNATURE: SECRET, "value": {"k": [1, UNKNOWN_TEXT]}},
        Secret({"k": [1, UNKNOWN]}),
    ),
    "unknown": ([UNKNOWN_TEXT], [UNKNOWN_TEXT], [UNKNOWN]),
    "asset": (_ASSET, _ASSET, _ASSET),
    "archive": (_ARCHIVE, _ARCHIVE, _ARCHIVE),
    "custom": (_ref(BUCKET, id="files-1"), "files-1", "files-1"),
    "component": (_ref(ROOT), ROOT, ROOT),
    "uncreated": (_ref(BUCKET, id=""), UNKNOWN_TEXT, UNKNOWN),
}
PROVIDER_INPUTS = {"region": "eu-west-1", "defaultTags": '{"tags": {"a": "b"}}'}

WANTED = Resource(
    type="aws:sqs/queue:Queue",
    name="a::b",
    urn=QUEUE,
    props={key: wanted for key, (_, _, wanted) in VALUES.items()},
    provider=ProviderReference(
        type="pulumi:providers:aws",
        name="aws",
        props={"region": "eu-west-1", "defaultTags": {"tags": {"a": "b"}}},
    ),
    parent=ROOT,
    dependencies={"custom": (BUCKET,)},
    protect=True,
)


def state_props() -> dict[str, Any]:
    return {key: value for key, (value, _, _) in VALUES.items()}


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def rows() -> list[dict[str, Any]]:
    """The provider and the queue as a state has them."""
    props = state_props()
    return [
        {"urn": AWS, "type": "pulumi:providers:aws", "inputs": PROVIDER_INPUTS},
        {
            "urn": QUEUE,
            "type": WANTED.type,
            "parent": ROOT,
            "provider": f"{AWS}::0001",
            "protect": True,
            "propertyDependencies": {"custom": [BUCKET], "text": [], "number": None},
            "inputs": props,
            "outputs": props,
        },
    ]


def exported(side: str) -> Resource:
    state = read_export({"deployment": {"resources": rows()}}, name="state")
    found = state.inputs if side == "inputs" else state.outputs
    return found[1]


def planned() -> Resource:
    carried = ("urn", "type", "parent", "provider", "protect", "inputs", "outputs")
    lines = []
    for row in rows():
        new = {key: row[key] for key in carried if key in row}
        step = {"op": "same", "urn": row["urn"], "new": new}
        lines.append(json.dumps({"resourcePreEvent": {"metadata": step}}))
    return resources_of_events(lines)[1]


def _message() -> dict[str, Any]:
    return {
        "type": WANTED.type,
        "name": WANTED.name,
        "urn": QUEUE,
        "properties": struct({key: value for key, (_, value, _) in VALUES.items()}),
        "options": analyzer_pb2.AnalyzerResourceOptions(protect=True, parent=ROOT),
        "provider": analyzer_pb2.AnalyzerProviderResource(
            type="pulumi:providers:aws", name="aws", urn=AWS, properties=struct(PROVIDER_INPUTS)
        ),
    }


def requested() -> Resource:
    return decode_resource(analyzer_pb2.AnalyzeRequest(**_message()))


def requested_of_stack() -> Resource:
    urns = analyzer_pb2.AnalyzerPropertyDependencies(urns=[BUCKET])
    item = analyzer_pb2.AnalyzerResource(
        **_message(), parent=ROOT, propertyDependencies={"custom": urns}
    )
    return decode_stack(analyzer_pb2.AnalyzeStackRequest(resources=[item]))[0]


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(exported("inputs"), id="state, inputs"),
        pytest.param(exported("outputs"), id="state, outputs"),
        pytest.param(requested_of_stack(), id="request for the stack"),
    ],
)
def test_a_resource_with_its_dependencies_is_the_same_in_every_form(found: Resource) -> None:
    assert found == WANTED


@pytest.mark.parametrize(
    "found",
    [pytest.param(planned(), id="event"), pytest.param(requested(), id="request for a resource")],
)
def test_forms_that_carry_no_dependencies_are_the_same_without_them(found: Resource) -> None:
    """`apitype.StepEventStateMetadata` and `pulumirpc.AnalyzeRequest` have no field for them."""
    assert found == replace(WANTED, dependencies={})


def test_a_state_keeps_the_internal_properties_that_requests_leave_out() -> None:
    """The address of a provider's plugin is in `__internal`, and a rule judges it."""
    row = {"urn": AWS, "type": "pulumi:providers:aws", "inputs": {"__internal": {"a": "b"}}}

    (found,) = read_export({"deployment": {"resources": [row]}}, name="state").inputs

    assert found.props == {"__internal": {"a": "b"}}


def test_a_plaintext_that_is_no_json_is_no_state() -> None:
    broken = {SIGNATURE: SECRET, "plaintext": "{"}
    row = {"urn": QUEUE, "type": WANTED.type, "inputs": {"a": broken}}

    with pytest.raises(DocumentError, match="pulumi stack export"):
        read_export({"deployment": {"resources": [row]}}, name="state")


def test_the_sentinels_are_those_of_the_stand_ins() -> None:
    """`sandbox` imports nothing of ours, so it has its own copy."""
    assert values._SIGNATURE == SIGNATURE
    assert values._HIDDEN == SECRET
    assert values._OUTPUT == OUTPUT
    assert {ASSET: "asset", ARCHIVE: "archive", REFERENCE: "resource"} == values._KINDS
    assert (values._UNKNOWN_STRING, values._UNKNOWNS) == (UNKNOWN_TEXT, UNKNOWNS)


def test_the_sentinels_are_those_of_the_sdk() -> None:
    assert rpc.UNKNOWN == UNKNOWN_TEXT
    assert (rpc._special_sig_key, rpc._special_secret_sig) == (SIGNATURE, SECRET)
    assert (rpc._special_asset_sig, rpc._special_archive_sig) == (ASSET, ARCHIVE)
    assert (rpc._special_resource_sig, rpc._special_output_value_sig) == (REFERENCE, OUTPUT)
