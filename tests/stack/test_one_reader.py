"""One module parses stack files, one edits them, and an edge site needs neither."""

import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ruamel.yaml
import yaml

from mobile_ai.cli.main import main
from tests.stack.test_bad_files import FILE, GOOD, TYPED, bad, world
from tests.tools.stack_readers import ROOT, editors, parsers

__all__ = ["bad", "world"]

# With a good file these go on to build models, to sign, or to ask a cloud.
_GO_ON = {"model samples", "audit --live"}


def test_one_module_parses_and_one_edits_in_the_source() -> None:
    assert editors() == ["src/mobile_ai/stack/editor.py"]
    assert sorted({*parsers()} - {*editors()}) == ["src/mobile_ai/stack/reader.py"]


def caller() -> str:
    """Return the module of the product that asked a YAML library, but for the pack's bounds."""
    frames = (Path(frame.filename) for frame in reversed(traceback.extract_stack()))
    ours = (path.relative_to(ROOT) for path in frames if path.is_relative_to(ROOT))
    bounds = Path("policy-pack/mobile_ai/contracts/documents.py")
    return next(p.as_posix() for p in ours if p != bounds and p.parts[0] not in {"tests", ".venv"})


@pytest.mark.parametrize("command", sorted(TYPED.keys() - _GO_ON))
def test_one_module_parses_and_one_edits_when_a_command_runs(
    command: str, bad: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: set[tuple[str, str]] = set()

    def watched(library: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if any("mobile-ai:environment" in str(text) for text in arguments):
                seen.add((library, caller()))
            return function(*arguments, **named)

        return call

    for name in ("compose", "load", "load_all", "parse"):
        monkeypatch.setattr(yaml, name, watched("PyYAML", getattr(yaml, name)))
    load = ruamel.yaml.YAML.load
    monkeypatch.setattr(ruamel.yaml.YAML, "load", watched("ruamel.yaml", load))
    bad.write_text(GOOD)

    with pytest.raises(SystemExit):
        main(list(TYPED[command]))

    assert "defect of mobile-ai" not in capsys.readouterr().err
    assert ("PyYAML", "src/mobile_ai/stack/reader.py") in seen
    assert seen <= {
        ("PyYAML", "src/mobile_ai/stack/reader.py"),
        ("ruamel.yaml", "src/mobile_ai/stack/editor.py"),
    }


def test_a_device_and_an_edge_site_need_no_stack_file() -> None:
    rooms = (
        "delivery.client",
        "edge.inference_service",
        "edge.models.assemble",
        "cli.edge",
        "cli.main",
    )
    code = "; ".join(
        [
            *(f"import mobile_ai.{room}" for room in rooms),
            "import sys",
            "print([name for name in sys.modules if name.startswith('mobile_ai.stack')])",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_sample_is_the_one_of_the_repository() -> None:
    assert (ROOT / FILE).read_text() == GOOD
