"""CPU time by part of an engine run."""

import subprocess
import sys

import pytest

from mobile_ai.gate.engine.timing import CpuMeter, part_of

BUSY = "import time; end = time.process_time() + 1.5\nwhile time.process_time() < end: pass"


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (["/e/pulumi", "preview", "--policy-pack=policy-pack"], "engine"),
        (
            [
                "python",
                "-P",
                "-m",
                "mobile_ai.sandbox.engine.host",
                "/e/pulumi-language-python-exec",
            ],
            "engine",
        ),
        (["python", "-u", "/e/pulumi-language-python-exec", "--monitor", "x"], "program"),
        (["python", "-u", "-m", "pulumi.policy", "127.0.0.1:1", "/policy-pack"], "pack"),
        (["/h/plugins/resource-aws-v7/pulumi-resource-aws", "127.0.0.1:1"], "providers"),
        (["python", "-m", "mobile_ai.sandbox.providers.aws", "127.0.0.1:1"], "providers"),
    ],
)
def test_command_line_tells_the_part(command, part):
    assert part_of(command) == part


def test_children_are_counted_by_part_beside_the_engine():
    """A child that says that it is the pack, below a process that waits for it."""
    script = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}, 'pulumi.policy'])"
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    meter = CpuMeter()
    meter.start(process.pid)
    assert process.wait() == 0

    found = meter.stop()

    assert list(found) == ["engine", "program", "pack", "providers"]
    assert found["pack"] > 0.5 > found["program"] + found["providers"]


def test_process_that_is_gone_is_no_error():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    meter = CpuMeter()
    meter.start(process.pid)
    assert sum(meter.stop().values()) == 0


def test_nothing_is_told_of_a_run_that_was_not_measured():
    assert CpuMeter().stop() == {}
