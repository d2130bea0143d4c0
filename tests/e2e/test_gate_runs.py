"""Gate runs beyond the preview itself: broken packs, Ctrl-C, ambient variables, formats."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from mobile_ai.gate.engine.timing import part_of
from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]


def test_pack_that_crashes_is_no_pass(checkout):
    main = checkout.root / "policy-pack" / "__main__.py"
    main.write_text("raise RuntimeError('pack is broken')\n")
    run = checkout.gate()
    assert run.code == 2, run.out + run.err
    assert run.report["verdict"] == "undecided"
    assert "pack is broken" in json.dumps(run.report["errors"])
    assert "Traceback" not in run.out + run.err


def test_rule_that_is_left_out_of_the_running_pack_is_no_pass(checkout):
    """The gate's own catalogue says what must run, not the pack that runs."""
    serve = (
        checkout.root / "policy-pack" / "mobile_ai" / "governance" / "pulumi_pack" / "servicer.py"
    )
    text = serve.read_text()
    every = "rules = {rule.id: rule for rule in catalogue()}"
    assert text.count(every) == 1
    serve.write_text(
        text.replace(every, 'rules = {r.id: r for r in catalogue() if r.id != "data-residency"}')
    )
    run = checkout.gate()
    assert run.code == 2, run.out + run.err
    assert any("data-residency did not run" in item for item in run.report["doubts"])


def test_ambient_variables_reach_neither_engine_nor_providers(checkout):
    """Any flag of the engine can be set by a variable; a gated run takes none of them."""
    run = checkout.gate(
        "dev",
        PULUMI_OPTION_TARGET="urn:pulumi:dev::mobile-ai::nothing",
        PULUMI_OPTION_POLICY_PACK_CONFIG="/nonexistent.json",
        PULUMI_BACKEND_URL="s3://somebody-elses-state",
        KUBECONFIG="/nonexistent",
        AWS_PROFILE="somebody-else",
    )
    assert run.code == 0, run.out + run.err
    assert run.report["resources"]["judged"] > 50


def test_ctrl_c_leaves_nothing_running(checkout):
    process = subprocess.Popen(
        [sys.executable, "-m", "mobile_ai.cli.main", "gate", "--stack", "dev"],
        cwd=checkout.root,
        env=checkout.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    family = _wait_for_plugins(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 130, out + err
    assert "Traceback" not in out + err
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


def _wait_for_plugins(pid: int) -> list[psutil.Process]:
    """Return the descendants once the engine runs program and pack."""

    def family() -> list[psutil.Process]:
        found = psutil.Process(pid).children(recursive=True)
        packs = [text for text in map(_command, found) if part_of(text.split()) == "pack"]
        return found if packs else []

    return until(family, seconds=120)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it ended since it was listed; a zombie is one of these
        return ""
