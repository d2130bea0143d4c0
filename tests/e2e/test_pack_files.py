"""Files that the policy pack opens while it judges dev are those that its digest covers."""

import os
from pathlib import Path

import pytest

from mobile_ai.gate.engine.pack import pack_files
from tests.e2e.checkout import ROOMS, Checkout

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]
# Python imports `sitecustomize` at its start; an audit hook then sees every file that is opened.
HOOK = """
import os, sys
if any(item.endswith(("pulumi.policy", "proto_only_import.py")) for item in sys.orig_argv):
    log = os.open(os.environ["OPENED"], os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    def opened(event, arguments):
        if event == "open" and isinstance(arguments[0], str):
            os.write(log, (os.path.realpath(arguments[0]) + "\\n").encode())
    sys.addaudithook(opened)
"""
# Parts of the rooms that other programs use; any of them can be imported by a rule.
UNUSED_MAXIMUM = 12


def source_of(path: Path) -> Path:
    """Return the source of a cached module; other files are their own."""
    if path.parent.name != "__pycache__":
        return path
    return path.parent.parent / f"{path.name.partition('.')[0]}.py"


def test_judging_opens_nothing_that_the_digest_leaves_out(checkout: Checkout, tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    rooms = [str(tmp_path), *(str(checkout.root / room) for room in ROOMS)]
    log = tmp_path / "opened.txt"
    ran = checkout.gate("dev", PYTHONPATH=os.pathsep.join(rooms), OPENED=str(log))
    assert ran.report["verdict"] == "pass"

    root = checkout.root.resolve()
    opened = {source_of(Path(line)) for line in log.read_text().splitlines()}
    ours = {path for path in opened if path.is_relative_to(root) and path.is_file()}
    covered = set(pack_files(root / "policy-pack"))
    # The host starts the pack by this file, which is gone from its import path afterwards.
    starter = root / "src" / "mobile_ai" / "sandbox" / "proto_only_import.py"
    assert ours - covered - {starter} == set()
    code = {path for path in covered if path.suffix == ".py"}
    assert len(code - ours) <= UNUSED_MAXIMUM, sorted(code - ours)
