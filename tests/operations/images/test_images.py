"""Newer digests of pinned images, from a registry that implements the protocol."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from mobile_ai.cli.main import main
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.operations.images.login import login
from mobile_ai.operations.images.pins import compare_images, read_images
from mobile_ai.operations.images.registry import ImageRegistry
from tests.operations.images.registry_double import (
    LOGIN,
    Contents,
    image,
    index,
    serving,
    sha256,
)

ROOT = Path(__file__).parents[3]
OLD = "sha256:" + "0" * 64


@pytest.fixture
def contents() -> Contents:
    return Contents(
        manifests={
            ("mobile-ai/edge", "1.9.0"): index("old", "amd64", "arm64"),
            ("mobile-ai/edge", "1.10.0"): index("new", "amd64", "arm64"),
            ("mobile-ai/edge", "nightly"): index("night", "amd64", "arm64"),
            ("mobile-ai/mlflow", "stable"): image("mlflow"),
        }
    )


@pytest.fixture
def host(contents: Contents) -> Iterator[str]:
    with serving(contents) as address:
        yield address


@pytest.fixture
def stack(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    docker = tmp_path / "docker"
    docker.mkdir()
    auth = base64.b64encode(":".join(LOGIN).encode()).decode()
    (docker / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(docker))
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(
        with_images(
            "    edge: # one server\n"
            f"      index: {host}/mobile-ai/edge@{OLD}\n"
            f"      amd64: {host}/mobile-ai/edge@{OLD}\n"
            f"      arm64: {host}/mobile-ai/edge@{sha256(image('new-arm64'))}\n"
            f"    mlflow: {host}/mobile-ai/mlflow:stable@{OLD} # follows a tag\n"
        )
    )
    return path


def with_images(section: str) -> str:
    """Return the sample stack file with other images."""
    text = (ROOT / "Pulumi.dev.yaml").read_text()
    before, _, rest = text.partition("  mobile-ai:images:\n")
    after = rest[rest.index("  mobile-ai:registry:") :]
    return f"{before}  mobile-ai:images:\n{section}{after}"


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["images", *arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.mark.usefixtures("stack")
def test_the_highest_version_or_the_tag_of_the_reference_is_asked_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = command(capsys, "check", "--stack", "dev", "--json")

    found = {item["image"]: (item["tag"], item["moved"]) for item in json.loads(out)}
    assert code == 1
    assert found == {
        "edge.index": ("1.10.0", True),
        "edge.amd64": ("1.10.0", True),
        "edge.arm64": ("1.10.0", False),
        "mlflow": ("stable", True),
    }


def test_pinning_writes_digests_of_bytes_and_keeps_comments(
    stack: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stack.read_text()

    assert command(capsys, "pin", "--stack", "dev")[0] == 0

    edge, new = f"{host}/mobile-ai/edge@", index("new", "amd64", "arm64")
    assert stack.read_text() == (
        before.replace(f"index: {edge}{OLD}", f"index: {edge}{sha256(new)}")
        .replace(f"amd64: {edge}{OLD}", f"amd64: {edge}{sha256(image('new-amd64'))}")
        .replace(f"mlflow:stable@{OLD}", f"mlflow:stable@{sha256(image('mlflow'))}")
    )
    code, out, _ = command(capsys, "check", "--stack", "dev")
    assert (code, out.splitlines()[-1]) == (0, "0 of 4 images moved")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lie": "sha256:" + "1" * 64}, "expected one digest"),
        ({"gone": ("mobile-ai/mlflow", "stable")}, "status 404"),
        ({"replace": index("new", "amd64")}, "no single linux/arm64"),
        ({"replace": index("new", "amd64", "arm64", "arm64")}, "no single linux/arm64"),
        ({"replace": b"not json"}, "expected a JSON object"),
        ({"replace": b"x" * ((4 << 20) + 1)}, "over 4194304 bytes"),
        ({"auth": "elsewhere"}, "expected credentials for this registry"),
    ],
    ids=lambda item: str(item)[:40],
)
def test_without_every_digest_nothing_is_edited(
    stack: Path,
    contents: Contents,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, Any],
    message: str,
) -> None:
    before = stack.read_text()
    contents.lie = change.get("lie", "")
    contents.auth = change.get("auth", "bearer")
    contents.manifests.pop(change.get("gone", ("", "")), None)
    if "replace" in change:
        contents.manifests["mobile-ai/edge", "1.10.0"] = change["replace"]

    code, _, err = command(capsys, "pin", "--stack", "dev")

    assert code == 2
    assert message in err
    assert stack.read_text() == before


def test_a_password_goes_to_the_token_s_place_and_is_asked_for_once(
    stack: Path, contents: Contents
) -> None:
    compare_images(read_images(stack), ImageRegistry(credentials=login))

    kinds = [kind for path, kind in contents.asked if path.startswith("/token")]
    assert kinds == ["Basic"] * 2  # one for each repository
    others = {kind for path, kind in contents.asked if not path.startswith("/token")}
    assert others == {"", "Bearer"}


@pytest.mark.parametrize("auth", ["none", "basic"])
def test_registries_without_tokens_are_asked_too(
    stack: Path, contents: Contents, auth: Any
) -> None:
    contents.auth = auth

    assert len(compare_images(read_images(stack), ImageRegistry(credentials=login))) == 4


def test_without_a_login_a_closed_registry_is_an_error(stack: Path) -> None:
    with pytest.raises(GovernanceError, match=r"token for .*status 401"):
        compare_images(read_images(stack), ImageRegistry())


def test_a_tag_that_is_no_version_must_be_named(contents: Contents, host: str) -> None:
    contents.auth = "none"

    with pytest.raises(GovernanceError, match="expected a version such as"):
        ImageRegistry().newest(f"{host}/mobile-ai/mlflow")


@pytest.mark.parametrize(
    "reference", ["registry.example.com/edge:1.0", "edge@sha256:12", "1", f"python@{OLD}"]
)
def test_a_reference_without_registry_and_digest_is_refused(stack: Path, reference: str) -> None:
    text = stack.read_text()
    stack.write_text(re.sub(r"    mlflow: .*\n", f"    mlflow: {reference}\n", text))

    with pytest.raises(GovernanceError, match=r"mobile-ai:images[ .]mlflow"):
        read_images(stack)


def test_ecr_is_asked_with_aws_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        answer = boto3.client("ecr", region_name="eu-west-1").get_authorization_token()
        expected = base64.b64decode(answer["authorizationData"][0]["authorizationToken"])
        found = login("111122223333.dkr.ecr.eu-west-1.amazonaws.com")

    assert found is not None
    assert found[0] == "AWS"
    assert ":".join(found).encode() == expected
    assert login("registry.example.com") is None
