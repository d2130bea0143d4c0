"""What needs no API server: values to JSON, drift, waiting, files of a pull site, the choice."""

import pytest
import yaml

from sandbox.kubernetes.locate import RECIPE
from sandbox.providers.errors import ProviderError
from sandbox.providers.kubernetes.objects import drifted, outputs_of, to_object
from sandbox.providers.kubernetes.waiting import unfinished
from sandbox.providers.values import UNKNOWN, Secret, Special
from sandbox.services.endpoints import Endpoints

MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "edge"},
    "data": {"a": "1"},
}


def test_numbers_are_whole_secrets_open_and_the_engines_marks_gone():
    given = {"spec": {"port": 80.0, "share": 0.5, "keys": [Secret("x"), None]}, "__defaults": []}

    assert to_object(given) == {"spec": {"port": 80, "share": 0.5, "keys": ["x", None]}}


@pytest.mark.parametrize("value", [UNKNOWN, Special("asset", {})])
def test_what_is_not_json_is_refused_by_its_path(value):
    with pytest.raises(ProviderError, match=r"`data\.a` cannot be part"):
        to_object({"data": {"a": value}})


def test_outputs_keep_the_notation_and_the_secrets_of_the_inputs():
    stored = {"metadata": {"uid": "u", "managedFields": []}, "spec": {"cpu": "1", "made": True}}
    given = {"metadata": {}, "spec": {"cpu": Secret("1000m")}, "__defaults": []}

    assert outputs_of(stored, given) == {
        "metadata": {"uid": "u"},
        "spec": {"cpu": Secret("1000m"), "made": True},
    }


@pytest.mark.parametrize(
    ("stored", "inputs"),
    [
        ({"cpu": "1", "n": 2}, {"cpu": "1000m", "n": Secret(2)}),  # as expected
        ({"cpu": "2", "n": 2}, {"cpu": "2", "n": Secret(2)}),
        ({"cpu": "1", "n": 3}, {"cpu": "1000m", "n": Secret(3)}),
        ({"n": 2}, {"n": Secret(2)}),  # a field was removed
        ({"cpu": "1", "n": 2, "of": "others"}, {"cpu": "1000m", "n": Secret(2)}),
    ],
)
def test_drift_is_told_where_it_is_and_nowhere_else(stored, inputs):
    recorded = {"cpu": "1000m", "n": Secret(2)}

    assert drifted(recorded, expected={"cpu": "1", "n": 2}, stored=stored) == inputs


def test_a_list_of_another_length_is_taken_as_it_is():
    found = drifted({"l": [1]}, expected={"l": [1]}, stored={"l": [1, 2]})

    assert found == {"l": [1, 2]}


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        ({"kind": "ConfigMap"}, ""),
        ({"kind": "Job"}, "it has not completed"),
        ({"kind": "Job", "status": {"conditions": [{"type": "Complete", "status": "True"}]}}, ""),
        ({"kind": "PersistentVolumeClaim"}, "its phase is Pending"),
        ({"kind": "PersistentVolumeClaim", "status": {"phase": "Bound"}}, ""),
        (
            {
                "kind": "Deployment",
                "metadata": {"generation": 2},
                "spec": {"replicas": 2},
                "status": {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 1},
            },
            "1 of 2 replicas are updated and available",
        ),
    ],
)
def test_what_an_object_waits_for(stored, reason):
    assert unfinished(stored) == reason


def test_objects_of_a_pull_site_are_files_in_its_bundle(cloud, want, tmp_path):
    Endpoints(name="x").write(tmp_path / "endpoints.json")
    bundle = tmp_path / "bundle"
    renders = cloud(tmp_path / "endpoints.json", renderYamlToDirectory=str(bundle))
    wanted = want(MAP)

    planned = renders.plan(wanted, object_id="", old={})
    made = renders.create(wanted)
    (path,) = bundle.rglob("*.yaml")

    assert (made.id, made.outputs) == ("edge/settings", planned)
    assert path.relative_to(bundle).as_posix() == "1-manifest/v1-configmap-edge-settings.yaml"
    assert yaml.safe_load(path.read_text()) == MAP
    assert renders.read(wanted, object_id=made.id, known=made.outputs).inputs == MAP
    path.unlink()
    assert renders.read(wanted, object_id=made.id, known=made.outputs) is None
    renders.delete(wanted, object_id=made.id, known=made.outputs)


def test_without_a_cluster_objects_stay_in_the_state(cloud, want, tmp_path):
    Endpoints(name="x").write(tmp_path / "endpoints.json")

    made = cloud(tmp_path / "endpoints.json").create(want(MAP))

    assert "__standIn" in made.outputs


def test_endpoints_elsewhere_are_refused(cloud, want, tmp_path):
    text = '{"format": 1, "name": "x", "kubernetes": {"default": '
    text += '{"server": "https://10.0.0.1:6443", "ca": "", "token": ""}}}'
    (tmp_path / "endpoints.json").write_text(text)

    with pytest.raises(ProviderError, match="is not on this machine"):
        cloud(tmp_path / "endpoints.json").create(want(MAP))


def test_a_file_that_is_gone_is_told_with_the_next_step(cloud, want, tmp_path):
    with pytest.raises(ProviderError, match="mobile-ai sandbox up"):
        cloud(tmp_path / "nothing.json").plan(want(MAP), object_id="", old={})


def test_definitions_of_the_gateway_api_come_with_the_programs(tmp_path):
    source = tmp_path / "source/config/crd/standard"
    source.mkdir(parents=True)
    (source / "one.yaml").write_text("kind: CustomResourceDefinition\n")
    source.chmod(0o555)
    ready = tmp_path / "ready"
    ready.mkdir()

    RECIPE.add(ready, lambda _: tmp_path / "source")

    assert (ready / "definitions/one.yaml").exists()
