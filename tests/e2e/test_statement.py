"""A statement that the real gate signed is about what is still there after it ran."""

import json
import os
from pathlib import Path

import pytest

from mobile_ai.contracts.statements import load_envelope
from mobile_ai.gate.deploy.issue_statement import trust_of
from mobile_ai.gate.deploy.seal import require_same
from mobile_ai.gate.deploy.session import open_desk, seal_now
from mobile_ai.gate.deploy.statement import ROLE, read_statement
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import find_project
from mobile_ai.gate.run import GateOptions
from tests.e2e.checkout import Checkout
from tests.e2e.world import sign_world

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]


def test_signed_verdict_holds_until_something_changes(checkout: Checkout, tmp_path: Path) -> None:
    signers = sign_world(checkout)
    checkout.commit()
    key = tmp_path / "key.pem"
    key.write_bytes(signers.by_role[ROLE].private_bytes)
    file = checkout.root / "build" / "gate" / "dev.dsse.json"

    run = checkout.gate("dev", "--statement", str(file), "--key", f"file2:{key}")

    assert run.code == 0, run.out + run.err
    judged = read_statement(
        file.read_text(), trust_of(find_project(checkout.root, "dev")), name=file.name
    )
    assert judged.commit == run.report["source"]["commit"]
    assert judged.pack == run.report["pack"]["sha256"]
    envelope = load_envelope(file.read_text(), name=file.name)
    assert json.loads(envelope.payload)["predicate"]["verdict"] == "pass"
    desk = open_desk(GateOptions(stack="dev", folder=checkout.root, ambient=dict(os.environ)))
    require_same(judged, seal_now(desk))  # previews leave the state as it is

    checkout.edit_stack(lambda values: values["owner"].update(team="another"))
    checkout.commit()
    with pytest.raises(GateError, match="another commit, source than the gate judged"):
        require_same(judged, seal_now(desk))
