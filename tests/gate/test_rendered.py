"""Objects that are files: left out of a refresh, and written to bundles from the state."""

import hashlib
import json

import pytest

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.engine_values import SECRET, SIGNATURE
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.state.rendered import (
    INDEX,
    SiteBundle,
    not_refreshed,
    rendered_folders,
    site_bundles,
    write_bundle,
)

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


FOLDER = "build/sites/dev/lab"
MAP = "1-manifest/v1-configmap-models-rates.yaml"


def config_map(**changes):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "rates", "namespace": "models"},
        "data": {"b": "on", "a": "1.10"},
        "__inputs": {"apiVersion": "v1"},
        "__initialApiVersion": "v1",
        "__fieldManager": "pulumi-kubernetes-1",
        **changes,
    }


def state(*outputs, **row):
    files = provider("lab", renderYamlToDirectory=FOLDER)
    rows = [
        {
            "urn": f"urn:{number}",
            "type": "kubernetes:core/v1:ConfigMap",
            "provider": f"{files['urn']}::id-lab",
            "outputs": value,
            **row,
        }
        for number, value in enumerate(outputs)
    ]
    return {"deployment": {"resources": [files, *rows]}}


def test_a_bundle_holds_the_object_without_what_the_provider_adds():
    (bundle,) = site_bundles(state(config_map()))

    assert (bundle.site, bundle.folder, [*bundle.files]) == ("lab", FOLDER, [MAP])
    wanted = {key: value for key, value in config_map().items() if not key.startswith("__")}
    assert read_yaml(bundle.files[MAP], name=MAP) == wanted


def test_equal_states_give_equal_bytes():
    backwards = dict(reversed(config_map().items()))
    assert site_bundles(state(config_map())) == site_bundles(state(backwards))


@pytest.mark.parametrize("row", [{"delete": True}, {"external": True}])
def test_what_is_replaced_or_only_read_is_in_no_bundle(row):
    (bundle,) = site_bundles(state(config_map(), **row))
    assert bundle.files == {}


@pytest.mark.parametrize(
    ("document", "file"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, "1-manifest/apps_v1-deployment-models-"),
        ({"metadata": {"name": "a"}}, "1-manifest/v1-configmap-default-a"),
        (
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "a"},
            },
            "0-crd/apiextensions.k8s.io_v1-customresourcedefinition-default-a",
        ),
        (
            {"apiVersion": "example.com/v1", "kind": "CustomResourceDefinition"},
            "1-manifest/example.com_v1-customresourcedefinition-models-",
        ),
    ],
)
def test_a_file_is_named_as_the_provider_names_it(document, file):
    (bundle,) = site_bundles(state(config_map(**document)))
    assert next(iter(bundle.files)).startswith(file)


@pytest.mark.parametrize(
    ("outputs", "got"),
    [
        ([config_map(data={SIGNATURE: SECRET, "ciphertext": "v1:x"})], r"\[secret\]"),
        ([config_map(metadata={})], "name"),
        ([config_map(metadata={"name": "../../x"})], "name"),
        ([config_map(kind=None)], "name"),
        ([config_map(), config_map()], "a second object"),
        ([None], "name"),
    ],
)
def test_an_object_that_no_file_can_hold_is_refused(outputs, got):
    with pytest.raises(GateError, match=f"rendered object urn:.*{got}.*Next: "):
        site_bundles(state(*outputs))


def write(folder, **files):
    bundle = SiteBundle(folder=FOLDER, files=files)
    write_bundle(bundle, folder, stack="dev", commit="c" * 40, clean=True)


def test_an_index_names_every_file_with_its_digest(tmp_path):
    write(tmp_path, **{MAP: "a: 1\n"})

    assert json.loads((tmp_path / INDEX).read_text()) == {
        "version": 1,
        "site": "lab",
        "stack": "dev",
        "commit": "c" * 40,
        "clean": True,
        "files": {MAP: hashlib.sha256(b"a: 1\n").hexdigest()},
    }


def test_what_left_the_state_leaves_the_folder(tmp_path):
    write(tmp_path, **{MAP: "a: 1\n", "0-crd/x.yaml": "b: 1\n"})
    write(tmp_path)

    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [INDEX]


def test_an_interrupted_write_leaves_no_index(tmp_path):
    write(tmp_path, **{MAP: "a: 1\n"})
    (tmp_path / "0-crd").write_text("in the way")
    (tmp_path / "0-crd").rename(tmp_path / "1-manifest" / "x.yaml")
    (tmp_path / "1-manifest" / "y.yaml").mkdir()

    with pytest.raises(OSError, match="directory"):
        write(tmp_path, **{MAP: "a: 2\n"})
    assert not (tmp_path / INDEX).exists()


def test_a_folder_with_other_files_is_not_written_to(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(GateError, match=r"notes\.txt.*name an empty folder"):
        write(tmp_path, **{MAP: "a: 1\n"})
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_folders_are_those_of_providers_that_render():
    assert rendered_folders(state()) == [FOLDER]
    assert rendered_folders({}) == []
