"""Every resource of prod, made by the engine in the sandbox's AWS API, and taken away again."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mobile_ai.gate.deploy.local import in_sandbox
from mobile_ai.gate.deploy.operate import refresh, take_down
from mobile_ai.gate.deploy.session import ask, open_desk, run
from mobile_ai.gate.run import GateOptions
from mobile_ai.gate.state.leftovers import left_in_sandbox
from mobile_ai.gate.state.rendered import INDEX
from mobile_ai.gobuild.progress import Quiet
from mobile_ai.sandbox.services import lifecycle
from mobile_ai.sandbox.services.endpoints import ENDPOINTS_VARIABLE, Endpoints
from mobile_ai.sandbox.services.state import SandboxFolder
from mobile_ai.stack.reader import StackFile
from tests.e2e.checkout import Checkout

pytestmark = [pytest.mark.engine, pytest.mark.services, pytest.mark.xdist_group("e2e")]
ACCOUNT = "444455556666"


@pytest.fixture
def endpoints(tmp_path: Path) -> Iterator[Path]:
    """Pull sites write files, so that no API server is needed."""
    folder = SandboxFolder(tmp_path / "sandbox", "prod")
    wish = lifecycle.SandboxOptions(only=("aws",), account=ACCOUNT)
    try:
        lifecycle.up(folder, wish, ambient=os.environ, progress=Quiet())
        yield folder.endpoints
    finally:
        lifecycle.down(folder, progress=Quiet())


def test_prod_comes_up_once_and_goes_without_a_trace(checkout: Checkout, endpoints: Path):
    """The pack is left out: that it passes prod is shown by the gate's tests."""
    ambient = {**os.environ, ENDPOINTS_VARIABLE: str(endpoints)}
    options = GateOptions(stack="prod", folder=checkout.root, ambient=ambient)
    desk = open_desk(in_sandbox(options))
    run(desk, "up", ["--skip-preview"], print)
    # The engine counts all but its own default provider, which reads the stack's outputs.
    kinds = [item["type"] for item in desk.export()["deployment"]["resources"]]
    made = len(kinds) - kinds.count("pulumi:providers:pulumi")
    bundle = checkout.root / "build/sites/prod/dublin/1-manifest"
    written = {path.name for path in bundle.iterdir()}
    assert "apps_v1-deployment-mobile-ai-field-assistant-digits.yaml" in written
    # The baseline of the next run is that of the first `up`, which is told to one component.
    run(desk, "up", ["--skip-preview"], print)
    run(desk, "up", ["--skip-preview", "--expect-no-changes"], print)
    assert ask(desk, "stack", "history", "--page-size=1")[0]["resourceChanges"] == {"same": made}
    assert len(left(checkout, endpoints)) > 40
    found = refresh(options, print).found
    assert [one.urn for one in found if "$kubernetes:" in one.urn] == []

    gone = take_down(options, print)
    assert gone.changes == {"delete": made}
    assert "lifted the protection of" in " ".join(gone.notes)
    assert (gone.left, left(checkout, endpoints)) == ({}, {})
    assert [*bundle.iterdir()] == []
    index = json.loads((bundle.parent / INDEX).read_text())
    assert (index["stack"], index["site"], index["files"]) == ("prod", "dublin", {})
    assert len(index["commit"]) == 40


def left(checkout: Checkout, endpoints: Path) -> dict[str, list[str]]:
    text = (checkout.root / "Pulumi.prod.yaml").read_text()
    config = StackFile.parse(text, name="Pulumi.prod.yaml").config
    return left_in_sandbox(Endpoints.read(endpoints), config, stack="prod")
