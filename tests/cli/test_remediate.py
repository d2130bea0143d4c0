"""`mobile-ai remediate`: from a finding to a branch that the gate judges, and to a pull request."""

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cli.main import main
from operations.remediate.propose import branch_of
from tests.operations.remediate.world import ROOT, checkout, finding, run


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    checkout(folder)
    for name in ("models", "usage", "policy-pack", "releases"):
        shutil.copytree(ROOT / name, folder / name)
    run(folder, "add", "--all")
    run(folder, "commit", "--quiet", "--message", "Add records")
    monkeypatch.chdir(folder)
    return folder


def remediate(
    capsys: pytest.CaptureFixture[str], *arguments: str, **changes: Any
) -> list[dict[str, Any]]:
    Path("finding.json").write_text(finding(**changes).text())
    with pytest.raises(SystemExit) as ended:
        main(["remediate", "finding.json", "--stack", "dev", "--json", *arguments])
    captured = capsys.readouterr()
    assert not ended.value.code, captured.err
    value: list[dict[str, Any]] = json.loads(captured.out)
    return value


def test_a_bad_signal_becomes_a_commit_that_passes(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (done,) = remediate(capsys)

    assert (done["outcome"], done["step"], done["denied"]) == ("act", "freeze", [])
    assert done["commit"] == run(root, "rev-parse", branch_of("dev", finding())).strip()


def test_the_second_run_does_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remediate(capsys)
    refs = run(root, "for-each-ref")

    assert remediate(capsys)[0]["outcome"] == "done"
    assert run(root, "for-each-ref") == refs


def test_a_dry_run_says_what_and_changes_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refs = run(root, "for-each-ref")

    assert remediate(capsys, "--dry-run")[0]["step"] == "freeze"
    assert run(root, "for-each-ref") == refs


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "expected a finding"), ('{"schema": "other"}', "finding.json: got")],
)
def test_mistakes_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    Path("finding.json").write_text(text)

    with pytest.raises(SystemExit) as ended:
        main(["remediate", "finding.json", "--stack", "dev"])

    assert ended.value.code == 2
    assert message in capsys.readouterr().err


class Api(http.server.BaseHTTPRequestHandler):
    """GitHub's two calls, as its documentation gives them."""

    asked: ClassVar[list[tuple[str, str, str, Any]]] = []
    opened: ClassVar[bool] = False

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(("POST", self.path, self.headers["Authorization"], body))
        self._answer(422 if Api.opened else 201, {"html_url": "https://hub/pull/7"})
        Api.opened = True

    def do_GET(self) -> None:
        self.asked.append(("GET", self.path, self.headers["Authorization"], None))
        self._answer(200, [{"html_url": "https://hub/pull/7"}])

    def _answer(self, status: int, value: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hub(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    Api.asked.clear()
    Api.opened = False
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    remote = root.parent / "remote.git"
    run(root, "init", "--quiet", "--bare", str(remote))
    run(root, "remote", "add", "origin", str(remote))
    monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("GITHUB_REPOSITORY", "example/models")
    monkeypatch.setenv("GITHUB_TOKEN", "a-token")
    yield remote
    server.shutdown()
    server.server_close()


def test_a_branch_is_pushed_and_a_pull_request_opened(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (done,) = remediate(capsys, "--pull-request")

    assert done["pullRequest"] == "https://hub/pull/7"
    assert run(hub, "rev-parse", done["branch"]).strip() == done["commit"]
    ((method, path, authorization, body),) = Api.asked
    assert (method, path, authorization) == (
        "POST",
        "/repos/example/models/pulls",
        "Bearer a-token",
    )
    assert (body["head"], body["base"]) == (done["branch"], "main")
    assert "effect: 0.2" in body["body"]


def test_a_pull_request_that_is_there_is_found(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hub.is_dir()
    Api.opened = True

    assert remediate(capsys, "--pull-request")[0]["pullRequest"] == "https://hub/pull/7"
    assert "head=example:remediate/dev/latency-" in Api.asked[-1][1]


@pytest.mark.usefixtures("root")
def test_without_a_token_the_branch_stays_and_the_message_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    Path("finding.json").write_text(finding().text())

    with pytest.raises(SystemExit) as ended:
        main(["remediate", "finding.json", "--stack", "dev", "--pull-request"])

    assert ended.value.code == 2
    assert "no GITHUB_REPOSITORY and no GITHUB_TOKEN" in capsys.readouterr().err
