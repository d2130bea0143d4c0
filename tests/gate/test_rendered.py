"""Objects that are files are left out of a refresh; those in a cluster are not."""

from mobile_ai.gate.state.drift import not_refreshed

PROVIDER = "pulumi:providers:kubernetes"


def provider(name, **inputs):
    urn = f"urn:pulumi:dev::demo::{PROVIDER}::{name}"
    return {"urn": urn, "type": PROVIDER, "id": f"id-{name}", "inputs": inputs}


def test_only_objects_of_providers_that_write_files_are_left_out():
    files = provider("lab", renderYamlToDirectory="build/sites/dev/lab")
    cluster = provider("berlin", context="berlin")
    objects = [
        {"urn": f"urn:{name}", "type": "kubernetes:core/v1:Service", "provider": reference}
        for name, reference in (
            ("file", f"{files['urn']}::id-lab"),
            ("object", f"{cluster['urn']}::id-berlin"),
        )
    ]
    stack = {"urn": "urn:stack", "type": "pulumi:pulumi:Stack"}
    export = {"deployment": {"resources": [stack, files, cluster, *objects]}}

    assert not_refreshed(export) == ["--exclude=urn:file"]


def test_an_empty_stack_leaves_nothing_out():
    assert not_refreshed({"deployment": None}) == []
    assert not_refreshed({}) == []
