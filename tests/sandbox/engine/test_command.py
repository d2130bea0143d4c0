"""`python -m mobile_ai.sandbox.engine`."""

import json

import pytest

from mobile_ai.gobuild import build_folder
from mobile_ai.gobuild.progress import shown
from mobile_ai.sandbox.engine.__main__ import main
from mobile_ai.sandbox.engine.recipe import RECIPE


@pytest.fixture
def cached(tmp_path, monkeypatch):
    env = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)}
    folder = build_folder(RECIPE, env)
    folder.path.mkdir(parents=True)
    folder.executable("pulumi").write_text("#!/bin/sh\n")
    folder.executable("pulumi").chmod(0o755)
    folder.record.write_text(json.dumps({"digest": folder.pin.digest}))
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MOBILE_AI_PULUMI", raising=False)
    return folder


def test_it_prints_the_path_alone(cached, capsys):
    assert main([]) == 0
    assert capsys.readouterr() == (f"{cached.executable('pulumi')}\n", "")


def test_it_prints_what_it_knows_as_json(cached, capsys):
    assert main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "pulumi": str(cached.executable("pulumi")),
        "version": cached.pin.version,
        "origin": "built",
    }


@pytest.mark.usefixtures("cached")
def test_an_error_is_one_message_and_no_traceback(capsys, monkeypatch):
    monkeypatch.setenv("MOBILE_AI_PULUMI", "/nowhere/pulumi")

    assert main([]) == 1
    assert capsys.readouterr().err.startswith("error: MOBILE_AI_PULUMI names an engine")


def test_progress_without_a_terminal_is_a_line_now_and_then(capsys):
    with shown() as progress:
        for second in range(45):
            progress.tick("Compiling", packages=second * 10, seconds=float(second))

    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "Compiling: 0 packages, 0:00",
        "Compiling: 200 packages, 0:20",
        "Compiling: 400 packages, 0:40",
    ]
