"""The site agent verifies a bundle against its index before it changes anything."""

import json

import pytest

from mobile_ai.gate.state import rendered
from mobile_ai.gate.state.rendered import SiteBundle, write_bundle
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes import agent
from mobile_ai.sandbox.kubernetes.agent import sync

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
FILES = {f"1-manifest/{name}.yaml": MAP % name for name in ("a", "b")}


class Recorded:
    """An API server that accepts everything."""

    def __init__(self):
        self.applied, self.deleted = [], []

    def apply(self, one, **_):
        self.applied.append(one["metadata"]["name"])

    def delete(self, one, **_):
        self.deleted.append(one["metadata"]["name"])

    def read(self, _):
        return None


def written(folder, files, *, site="lab", stack="dev"):
    bundle = SiteBundle(folder=f"build/sites/{stack}/{site}", files=files)
    write_bundle(bundle, folder, stack=stack, commit="", clean=False)
    return folder


@pytest.fixture
def bundle(tmp_path):
    return written(tmp_path / "lab", FILES)


def run(bundle, tmp_path):
    api = Recorded()
    return api, lambda: sync(api, bundle, site="lab", inventory=tmp_path / "inventory.json")


def test_a_whole_bundle_is_applied(bundle, tmp_path):
    api, apply = run(bundle, tmp_path)
    apply()
    assert api.applied == ["a", "b"]


def test_writer_and_agent_name_the_index_alike():
    assert (agent._INDEX, agent._VERSION) == (rendered.INDEX, rendered._VERSION)


def of_index(**changes):
    def edit(bundle):
        path = bundle / rendered.INDEX
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda bundle: (bundle / rendered.INDEX).unlink(), "no usable bundle.index"),
        (lambda bundle: (bundle / rendered.INDEX).write_text("{"), "no usable bundle.index"),
        (lambda bundle: (bundle / rendered.INDEX).write_text("[]"), "no usable bundle.index"),
        (of_index(files=None), "no usable bundle.index"),
        (of_index(files={}), r"the file 1-manifest/a\.yaml"),
        (of_index(version=2), "version 2 of site 'lab'"),
        (of_index(site="berlin"), "site 'berlin'"),
        (lambda bundle: (bundle / "1-manifest/a.yaml").unlink(), r"no file 1-manifest/a\.yaml"),
        (lambda bundle: (bundle / "1-manifest/c.yaml").write_text(MAP % "c"), r"manifest/c\.yaml"),
        (lambda bundle: (bundle / "notes.txt").touch(), r"notes\.txt"),
        (lambda bundle: (bundle / "1-manifest/a.yaml").write_text(MAP % "x"), "with SHA-256"),
    ],
)
def test_a_partial_changed_or_foreign_bundle_changes_nothing(bundle, tmp_path, spoil, message):
    spoil(bundle)
    api, apply = run(bundle, tmp_path)

    with pytest.raises(SandboxError, match=f"is not applied: got .*{message}.*mobile-ai bundle"):
        apply()
    assert (api.applied, api.deleted) == ([], [])
    assert not (tmp_path / "inventory.json").exists()


def test_a_folder_that_is_gone_deletes_nothing(bundle, tmp_path):
    run(bundle, tmp_path)[1]()
    api, apply = run(tmp_path / "nothing", tmp_path)

    with pytest.raises(SandboxError, match="is not applied"):
        apply()
    assert api.deleted == []


def test_a_bundle_of_another_stack_does_not_prune_this_ones_objects(bundle, tmp_path):
    run(bundle, tmp_path)[1]()
    other = written(tmp_path / "other", {}, stack="prod")
    api, apply = run(other, tmp_path)

    with pytest.raises(SandboxError, match="got stack 'prod', expected 'dev'"):
        apply()
    assert api.deleted == []


def test_after_an_empty_bundle_another_stack_may_have_the_site(bundle, tmp_path):
    run(bundle, tmp_path)[1]()
    api, apply = run(written(bundle, {}), tmp_path)
    apply()
    assert sorted(api.deleted) == ["a", "b"]

    api, apply = run(written(tmp_path / "other", FILES, stack="prod"), tmp_path)
    apply()
    assert api.applied == ["a", "b"]
