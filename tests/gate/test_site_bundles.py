"""Bundles of `pull` sites: what is written after an operation, and by the command alone."""

import json
from types import SimpleNamespace

import pytest

from mobile_ai.gate.deploy import site_bundles as room
from mobile_ai.gate.deploy.site_bundles import bundle_state, write_bundles
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.run import GateOptions
from mobile_ai.gate.state.rendered import INDEX
from tests.gate.test_rendered import FOLDER, MAP, config_map, state

OPTIONS = GateOptions(stack="dev")
EMPTY = {"deployment": {}}
UPDATED = {
    "kind": "update",
    "result": "succeeded",
    "environment": {"git.head": "c" * 40, "git.dirty": "false"},
}
REFRESHED = {"kind": "refresh", "result": "succeeded", "environment": {"git.head": "d" * 40}}


@pytest.fixture
def desk(tmp_path, monkeypatch):
    made = SimpleNamespace(
        project=SimpleNamespace(root=tmp_path, stack="dev"),
        history=[UPDATED],
        exported=state(config_map()),
    )
    made.export = lambda: made.exported
    monkeypatch.setattr(room, "open_desk", lambda _: made)
    monkeypatch.setattr(room, "ask", lambda *_: made.history)
    return made


def index(folder):
    return json.loads((folder / INDEX).read_text())


def test_an_update_writes_the_whole_bundle_in_the_folder_of_the_provider(desk, tmp_path):
    (written,) = write_bundles(desk, EMPTY)

    assert (written.site, written.folder, written.files) == ("lab", FOLDER, 1)
    found = index(tmp_path / FOLDER)
    assert (found["stack"], found["commit"], found["clean"]) == ("dev", "c" * 40, True)
    assert (tmp_path / FOLDER / MAP).is_file()


def test_a_site_that_an_update_removes_gets_a_bundle_without_objects(desk, tmp_path):
    before, desk.exported = desk.exported, EMPTY
    (written,) = write_bundles(desk, before)

    assert (written.site, written.files) == ("lab", 0)
    assert index(tmp_path / FOLDER)["files"] == {}


def test_a_stack_without_pull_sites_has_no_bundle(desk):
    desk.exported = EMPTY
    assert write_bundles(desk, EMPTY) == []


def test_the_commit_is_that_of_the_deployment_and_not_of_a_later_refresh(desk):
    desk.history = [REFRESHED, UPDATED]
    (written,) = bundle_state(OPTIONS, out=None)
    assert written.commit == "c" * 40


@pytest.mark.parametrize(
    "recorded", [{}, {"git.head": "c" * 40}, {"git.head": "c" * 40, "git.dirty": "true"}]
)
def test_a_checkout_that_is_not_known_to_be_clean_is_not_called_so(desk, tmp_path, recorded):
    desk.history = [{**UPDATED, "environment": recorded}]
    bundle_state(OPTIONS, out=None)
    assert index(tmp_path / FOLDER)["clean"] is False


@pytest.mark.usefixtures("desk")
def test_the_command_writes_one_folder_a_site_and_empty_ones_for_sites_that_left(tmp_path):
    written = bundle_state(OPTIONS, out=tmp_path / "out", removed=["berlin"])

    assert [(one.site, one.files) for one in written] == [("lab", 1), ("berlin", 0)]
    assert index(tmp_path / "out/lab")["site"] == "lab"
    assert index(tmp_path / "out/berlin")["files"] == {}


@pytest.mark.parametrize("removed", ["lab", "../lab", ""])
@pytest.mark.usefixtures("desk")
def test_a_site_that_is_there_or_no_name_is_not_removed(tmp_path, removed):
    with pytest.raises(GateError, match=r"--removed .*Next: "):
        bundle_state(OPTIONS, out=tmp_path / "out", removed=[removed])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("history", [[], [{**UPDATED, "result": "failed"}], [{"kind": "update"}]])
def test_a_stack_with_an_operation_that_failed_gives_no_bundle(desk, history):
    desk.history = history
    with pytest.raises(GateError, match="expected a last operation that succeeded"):
        bundle_state(OPTIONS, out=None)


def test_a_folder_that_cannot_be_written_is_named(desk, tmp_path):
    (tmp_path / "build").write_text("a file")
    with pytest.raises(
        GateError, match=r"expected to write the bundle of site lab.*bundle --stack"
    ):
        write_bundles(desk, EMPTY)
