"""Requests of the engine are decoded to plain values, and evaluation leaves no cycles."""

import gc

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2

from mobile_ai.contracts.engine_values import OUTPUT, SECRET, SIGNATURE, UNKNOWN_TEXT, decode_struct
from mobile_ai.contracts.reading import UNKNOWN, Secret
from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.judge import JudgeSession
from mobile_ai.governance.pulumi_pack.decode import decode_stack
from mobile_ai.testing import SAMPLE_TYPES, Scene


def struct(value: object) -> struct_pb2.Struct:
    return json_format.ParseDict(value, struct_pb2.Struct())


def stack(resources: list[Resource]) -> analyzer_pb2.AnalyzeStackRequest:
    items = [
        analyzer_pb2.AnalyzerResource(
            type=item.type,
            name=item.name,
            urn=item.urn,
            parent=item.parent or "",
            properties=struct(dict(item.props)),
        )
        for item in resources
    ]
    return analyzer_pb2.AnalyzeStackRequest(resources=items)


def test_values_come_as_json_says_them() -> None:
    values = {"a": "x", "b": [1.0, True, None], "c": {"d": {}}}

    assert decode_struct(struct(values)) == values


def test_markers_become_unknowns_and_secrets() -> None:
    known = {SIGNATURE: OUTPUT, "value": "k"}
    hidden = {SIGNATURE: OUTPUT, "value": "h", "secret": True}
    found = decode_struct(
        struct(
            {
                "text": UNKNOWN_TEXT,
                "output": {SIGNATURE: OUTPUT},
                "known": known,
                "hidden": hidden,
                "secret": {SIGNATURE: SECRET, "value": [UNKNOWN_TEXT]},
            }
        )
    )

    assert found == {
        "text": UNKNOWN,
        "output": UNKNOWN,
        "known": "k",
        "hidden": Secret("h"),
        "secret": Secret([UNKNOWN]),
    }


def test_equal_texts_of_a_stack_are_kept_once() -> None:
    scene = Scene()
    queues = [scene.sample("aws:sqs/queue:Queue", name=name) for name in ("a", "b")]

    first, second = decode_stack(stack(queues))

    kept = {id(key) for item in (first, second) for key in item.props}
    assert len(kept) == len(first.props)


@pytest.mark.slow
def test_judging_leaves_no_cycles_behind() -> None:
    """The served pack runs with garbage collection disabled."""
    scene = Scene()
    setting = scene.setting("dev")
    samples = [scene.sample(token, name=f"s{n}") for n, token in enumerate(SAMPLE_TYPES)]
    resources = scene.resources(*samples)
    message = stack(resources)

    def run() -> None:
        session = JudgeSession(lambda _: setting, now=scene.now, preview=True)
        for item in resources:
            session.see(item)
        session.stack(decode_stack(message))

    run()
    gc.collect()
    gc.disable()
    try:
        run()
        assert gc.collect() == 0
    finally:
        gc.enable()
