"""`mobile-ai remediate`: from a finding to a branch that the gate judges, and to a pull request."""

import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mobile_ai.cli.main import main
from mobile_ai.operations.remediate.propose import branch_of
from tests.operations.remediate.world import ROOT, THRESHOLD, checkout, finding, run

URL = "https://hub/pull/7"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    checkout(folder)
    for name in ("models", "usage", "policy-pack", "releases"):
        shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)
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
    [("{", "expected strict JSON"), ('{"schema": "other"}', "finding.json: schema: got")],
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
    """Documented GitHub calls; other requests are recorded and refused."""

    asked: ClassVar[list[tuple[str, str, str, Any]]] = []
    opened: ClassVar[bool] = False
    broken: ClassVar[bool] = False

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(("POST", self.path, self.headers["Authorization"], body))
        if self.path.endswith("/labels"):
            self._answer(200, [{"name": name} for name in body["labels"]])
        elif self.path.endswith("/pulls") and not Api.broken:
            self._answer(422 if Api.opened else 201, {"html_url": URL, "number": 7})
            Api.opened = True
        else:
            self._answer(500, {"message": "broken"})

    def do_GET(self) -> None:
        self.asked.append(("GET", self.path, self.headers["Authorization"], None))
        self._answer(200, [{"html_url": URL}] if Api.opened else [])

    def _refuse(self) -> None:
        self.asked.append((self.command, self.path, "", None))
        self._answer(405, {})

    do_PUT = do_PATCH = do_DELETE = _refuse  # noqa: N815  # names of the base class

    def _answer(self, status: int, value: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: Any) -> None:
        """Suppress the request log."""


@pytest.fixture
def hub(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    Api.asked.clear()
    Api.opened = Api.broken = False
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
    assert [item[0] for item in Api.asked] == ["GET", "POST"]
    method, path, authorization, body = Api.asked[1]
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


def test_what_an_interrupted_run_did_not_publish_the_next_one_does(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Api.broken = True
    Path("finding.json").write_text(finding().text())
    with pytest.raises(SystemExit) as ended:
        main(["remediate", "finding.json", "--stack", "dev", "--pull-request"])
    assert ended.value.code == 2
    assert "status 500" in capsys.readouterr().err
    Api.broken = False

    (done,) = remediate(capsys, "--pull-request")

    assert (done["outcome"], done["pullRequest"]) == ("done", URL)
    assert run(hub, "rev-parse", done["branch"]).strip() == done["commit"]


def test_what_people_added_to_a_branch_stays(
    hub: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (first,) = remediate(capsys, "--push")
    run(root, "switch", "--quiet", first["branch"])
    run(root, "commit", "--quiet", "--allow-empty", "--message", "Step: by hand")
    run(root, "push", "--quiet", "origin", first["branch"])
    run(root, "switch", "--quiet", "main")
    run(root, "branch", "--quiet", "-D", first["branch"])

    (again,) = remediate(capsys, "--pull-request")

    assert (again["outcome"], again["commit"]) == ("done", first["commit"])
    assert run(hub, "log", "-1", "--format=%s", first["branch"]).strip() == "Step: by hand"


def test_what_was_merged_is_not_proposed_again(
    hub: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hub.is_dir()
    (done,) = remediate(capsys)
    run(root, "merge", "--quiet", "--no-ff", "--no-edit", done["branch"])

    (again,) = remediate(capsys, "--pull-request")

    assert again["outcome"] == "done"
    assert Api.asked == []


def test_another_limit_is_proposed_and_nothing_asks_for_a_merge(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (done,) = remediate(capsys, "--pull-request", **THRESHOLD)

    assert (done["step"], done["pullRequest"]) == ("threshold", URL)
    changed = run(hub, "diff", "--name-only", f"{done['branch']}~1", done["branch"])
    assert changed.split() == ["policy-pack/config/dev.json"]
    # What is asked of the API, in full: no merge, no approval, no merge that comes later.
    assert [(method, path.partition("?")[0]) for method, path, _, _ in Api.asked] == [
        ("GET", "/repos/example/models/pulls"),
        ("POST", "/repos/example/models/pulls"),
        ("POST", "/repos/example/models/issues/7/labels"),
    ]
    assert Api.asked[2][3] == {"labels": ["policy-threshold"]}
    assert "| p95 | 4.2 | 0.0626 | 60 | 5.3 |" in Api.asked[1][3]["body"]


def test_a_person_has_to_agree_to_another_limit() -> None:
    """The pack's config has owners, and the gate judges by the protected branch's."""
    owners = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    assert [line.split()[1:] for line in owners if line.startswith("/policy-pack/config/")][-1]
    taken = (ROOT / ".github" / "scripts" / "take-data.sh").read_text()
    data = next(line for line in taken.splitlines() if line.startswith("data="))
    assert not re.search(data.split("'")[1], "policy-pack/config/dev.json")
    workflows = [path.read_text() for path in (ROOT / ".github").rglob("*.yml")]
    assert not [text for text in workflows if "pr merge" in text or "--auto" in text]


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
