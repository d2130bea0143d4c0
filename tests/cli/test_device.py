"""`mobile-ai device tuf`: the interface that the public conformance suite drives."""

import pytest

from mobile_ai.cli import main as cli
from tests.delivery.world import Cdn, World, deployment, flip, weights

PATH = "rings/general/camera-digits.json"


@pytest.fixture
def served(tmp_path):
    world = World(tmp_path)
    world.publish(deployment(world.make("1.0.0", weights(1))))
    cdn = Cdn(world.bucket)
    yield world, cdn
    cdn.close()


@pytest.fixture
def tuf(served, tmp_path):
    """Run the bare client and return its exit code."""
    _, cdn = served

    def run(*arguments):
        options = [
            "--metadata-dir",
            str(tmp_path / "client"),
            "--metadata-url",
            f"{cdn.url}/metadata",
        ]
        with pytest.raises(SystemExit) as ended:
            cli.main(["device", "tuf", *options, *map(str, arguments)])
        return ended.value.code or 0

    return run


@pytest.fixture
def download(tuf, served, tmp_path):
    _, cdn = served
    options = ("--target-name", PATH, "--target-base-url", f"{cdn.url}/targets")
    return lambda: tuf(*options, "--target-dir", tmp_path / "targets", "download")


def test_a_root_is_trusted_and_metadata_refreshed(tuf, served, tmp_path):
    assert tuf("init", served[0].releases / "metadata/1.root.json") == 0
    assert tuf("refresh") == 0
    names = {path.name for path in (tmp_path / "client").iterdir()}
    assert {"root.json", "timestamp.json", "snapshot.json", "targets.json"} <= names


def test_a_target_is_downloaded_once(tuf, download, served):
    tuf("init", served[0].releases / "metadata/1.root.json")
    assert download() == 0
    served[1].asked.clear()
    assert download() == 0
    assert not any(path.startswith("/targets/") for path in served[1].asked)


def test_refreshing_without_a_root_is_refused(tuf):
    assert tuf("refresh") == 1


def test_wrong_metadata_is_refused(tuf, served, capsys):
    tuf("init", served[0].releases / "metadata/1.root.json")
    path = served[0].bucket / "metadata/timestamp.json"
    path.write_bytes(path.read_bytes().replace(b'"version":', b'"version" :1'))
    assert tuf("refresh") == 1
    assert "refused" in capsys.readouterr().err


def test_a_substituted_file_is_refused(tuf, download, served):
    tuf("init", served[0].releases / "metadata/1.root.json")
    for path in (served[0].bucket / "targets/rings/general").iterdir():
        path.write_bytes(flip(path.read_bytes()))
    assert download() == 1


def test_what_is_missing_is_named(tuf, capsys):
    assert tuf("init") == 2
    assert "the root to trust" in capsys.readouterr().err
