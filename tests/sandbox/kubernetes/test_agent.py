"""A site's bundle, applied by the agent to a real API server."""

import pytest
import yaml

from mobile_ai.gate.state.rendered import SiteBundle, write_bundle
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes.agent import sync
from mobile_ai.sandbox.services.endpoints import Endpoints
from mobile_ai.sandbox.services.site import sync_site

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("kubernetes")]


def _object(kind, name, namespace=None):
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _write(folder, *objects):
    files = {
        f"1-manifest/{one['kind'].lower()}-{one['metadata']['name']}.yaml": yaml.safe_dump(one)
        for one in objects
    }
    bundle = SiteBundle(folder="build/sites/dev/lab", files=files)
    write_bundle(bundle, folder, stack="dev", commit="", clean=False)


def test_the_cluster_becomes_what_the_bundle_says(api, namespace, tmp_path):
    bundle, inventory = tmp_path / "bundle", tmp_path / "inventory.json"
    name = f"{namespace}-site"
    kept, dropped = (_object("ConfigMap", one, name) for one in ("kept", "dropped"))
    space = _object("Namespace", name)  # sorts after what is inside
    _write(bundle, kept, dropped, space)

    first = sync(api, bundle, site="lab", inventory=inventory)
    _write(bundle, kept, space)
    second = sync(api, bundle, site="lab", inventory=inventory)
    again = sync(api, bundle, site="lab", inventory=inventory)

    assert first.applied[0] == f"Namespace {name}"
    assert second.removed == (f"ConfigMap {name}/dropped",)
    assert again.removed == ()
    assert api.read(kept) is not None
    assert api.read(dropped) is None
    _write(bundle)
    last = sync(api, bundle, site="lab", inventory=inventory)
    assert last.removed == (f"ConfigMap {name}/kept", f"Namespace {name}")
    assert api.read(space) is None


def test_an_interrupted_run_forgets_nothing(api, namespace, tmp_path, monkeypatch):
    bundle, inventory = tmp_path / "bundle", tmp_path / "inventory.json"
    old = _object("ConfigMap", "old", namespace)
    _write(bundle, old)
    sync(api, bundle, site="lab", inventory=inventory)
    _write(bundle, _object("ConfigMap", "new", namespace))
    monkeypatch.setattr(api, "apply", lambda *_, **__: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception):
        sync(api, bundle, site="lab", inventory=inventory)
    monkeypatch.undo()

    sync(api, bundle, site="lab", inventory=inventory)

    assert api.read(old) is None


@pytest.mark.parametrize("text", ["kind: Pod", "[1]", "a: {", "metadata: {}"])
def test_a_file_that_is_no_object_changes_nothing(api, tmp_path, text):
    bundle = SiteBundle(folder="build/sites/dev/lab", files={"1-manifest/bad.yaml": text})
    write_bundle(bundle, tmp_path / "bundle", stack="dev", commit="", clean=False)

    with pytest.raises(SandboxError, match=r"bad\.yaml holds no Kubernetes object"):
        sync(api, tmp_path / "bundle", site="lab", inventory=tmp_path / "inventory.json")
    assert not (tmp_path / "inventory.json").exists()


def test_without_a_cluster_the_next_step_is_told(sandbox, tmp_path):
    with pytest.raises(SandboxError, match="sandbox up --only kubernetes"):
        sync_site(Endpoints(name="x"), "lab", tmp_path, folder=sandbox)
