"""The sandbox's engine writes no log of its own, before and after it was used."""

from pathlib import Path

import pytest

from mobile_ai.gate.engine.engine_environment import prepare_sandbox_stack
from mobile_ai.gate.project import Project
from mobile_ai.sandbox.engine import Engine


@pytest.mark.parametrize("earlier", [False, True])
def test_a_file_stands_where_the_engine_would_make_the_folder_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, earlier: bool
) -> None:
    project = Project(root=tmp_path, stack="dev")
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    project.stack_file.write_text("config: {}\n")
    monkeypatch.setattr(
        "mobile_ai.gate.engine.engine_environment._initialise", lambda *_arguments: None
    )
    logs = project.home / "logs"
    if earlier:
        logs.mkdir(parents=True)
        (logs / "old.log").touch()

    for _ in range(2):
        prepare_sandbox_stack(project, Engine.__new__(Engine), {})

    assert logs.is_file()
