"""Changes that users need pass, or are denied with a step that makes them pass."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mobile_ai.cli.deploy.roots import app
from mobile_ai.contracts.roots import read_roots
from tests.gate.legitimate_changes import AS_THEY_ARE, BY_A_STEP
from tests.gate.requests import Request

_STEP = re.compile(r"`mobile-ai (roots propose [^`]+)`")


def follow(request: Request, text: str, values: dict[str, str]) -> None:
    """Run the command that a message prints, with the values that it leaves open."""
    commands = [shlex.split(item)[1:] for item in _STEP.findall(text)]
    verb, _, path, value = commands[0]
    for name, given in values.items():
        path, value = path.replace(f"[{name}]", f"[{given}]"), value.replace(name, given)
    pack = ["--pack", str(request.root / "policy-pack")]
    done = CliRunner().invoke(app, [verb, request.stack, path, value, *pack])
    assert done.exit_code == 0, done.exception


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_a_legitimate_change_passes(tmp_path: Path, name: str) -> None:
    stack, edit = AS_THEY_ARE[name]
    request = Request(tmp_path, stack)
    edit(request)

    told = request.judge()
    assert told.passes, told


@pytest.mark.parametrize("name", BY_A_STEP)
def test_a_change_of_a_root_passes_after_the_printed_step(tmp_path: Path, name: str) -> None:
    stack, edit, rule, values = BY_A_STEP[name]
    request = Request(tmp_path, stack)
    edit(request)
    told = request.judge()
    assert set(told.denied) == {rule}

    follow(request, told.text, values)

    after = request.judge()
    assert after.passes, after
    assert read_roots((tmp_path / "policy-pack/stacks.yaml").read_text()).version == 0


def test_the_counts_are_as_promised(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(
            f"\nlegitimate changes of bounds: {len(AS_THEY_ARE)} pass as they are, "
            f"{len(BY_A_STEP)} after the printed step"
        )
    assert len(AS_THEY_ARE) >= 15
    assert len(AS_THEY_ARE) + len(BY_A_STEP) >= 12
