"""Console script: startup time and error messages."""

import errno
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from mobile_ai.cli import main as cli
from mobile_ai.cli.errors import UserError, file_error


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "mobile_ai.cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def called(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_version_is_that_of_the_distribution(capsys):
    code, out, _ = called(capsys, "--version")
    assert (code, out) == (0, f"mobile-ai {version('mobile-ai-delivery')}\n")


def test_help_names_every_command(capsys):
    code, out, _ = called(capsys, "--help")
    assert code == 0
    for name, group in cli.GROUPS.items():
        assert name in out
        assert group.help.partition(";")[0] in " ".join(out.split())


@pytest.mark.parametrize("arguments", [["--help"], ["gate", "--help"], ["schema", "manifest"]])
def test_commands_that_need_no_model_load_no_model_library(arguments):
    heavy = "{'tensorflow', 'mlflow', 'onnxruntime', 'pulumi_aws', 'boto3'}"
    script = (
        "import sys\nfrom mobile_ai.cli.main import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        f"print('HEAVY', sorted({heavy} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "HEAVY []"


@pytest.mark.parametrize("arguments", [["frob"], ["gate"], ["gate", "--stack"], ["schema", "x"]])
def test_mistake_in_the_command_line_is_no_traceback(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stdout + result.stderr
    assert "Error" in result.stderr


def test_mistake_of_a_user_is_one_line(capsys, monkeypatch):
    def fail(_):
        raise UserError("a: got 1; expected 2. Next: b.")

    monkeypatch.setattr(cli, "application", fail)
    assert called(capsys, "x") == (2, "", "error: a: got 1; expected 2. Next: b.\n")


@pytest.mark.parametrize("name", cli.GROUPS)
def test_a_missing_package_is_one_line_with_the_command_that_installs_it(name, capsys, monkeypatch):
    def fail(_):
        raise ModuleNotFoundError("No module named 'tuf.api'", name="tuf.api")

    monkeypatch.setattr(cli, "application", fail)
    monkeypatch.setenv("MOBILE_AI_DEBUG", "")
    code, out, err = called(capsys, name, "--help")
    assert (code, out) == (2, "")
    extra = cli.GROUPS[name].extra
    if extra:
        assert err.startswith("error: module tuf: got No module named 'tuf.api'; expected ")
        assert err.endswith(f". Next: pip install 'mobile-ai-delivery[{extra}]'\n")
        assert err.count("\n") == 1
    else:
        assert name in {"key", "migrate", "roots", "schema", "trust"}


FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EPERM)


def test_a_file_that_may_not_be_used_is_one_line(capsys, monkeypatch):
    def fail(_):
        raise PermissionError(13, "Permission denied", "releases/dev")

    monkeypatch.setattr(cli, "application", fail)
    code, out, err = called(capsys, "release")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: releases/dev: got Permission denied; expected ")


def test_a_file_that_cannot_be_used_is_one_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(cli, "application", lambda _: (tmp_path / "none").read_bytes())
    monkeypatch.delenv("MOBILE_AI_DEBUG", raising=False)
    code, out, err = called(capsys, "x")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {tmp_path / 'none'}: got No such file or directory; expected ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "is_known"),
    [
        *((OSError(code, os.strerror(code)), True) for code in FULL),
        (OSError(errno.EPIPE, "Broken"), False),
    ],
)
def test_a_full_disk_is_no_defect_and_a_broken_pipe_is_one(error, is_known):
    assert bool(file_error(error)) is is_known


def test_a_missing_module_of_our_own_is_a_defect(capsys, monkeypatch):
    def fail(_):
        raise ModuleNotFoundError("No module named 'mobile_ai.x'", name="mobile_ai.x")

    monkeypatch.setattr(cli, "application", fail)
    monkeypatch.delenv("MOBILE_AI_DEBUG", raising=False)
    assert "This is a defect of mobile-ai." in called(capsys, "gate")[2]


def test_defect_is_told_as_one_without_a_traceback(capsys, monkeypatch):
    def fail(_):
        raise RuntimeError("boom")

    monkeypatch.setattr(cli, "application", fail)
    monkeypatch.delenv("MOBILE_AI_DEBUG", raising=False)
    code, _, err = called(capsys, "x")
    assert code == 2
    assert err.startswith("error: RuntimeError: boom\nThis is a defect of mobile-ai.")


def test_defect_shows_all_when_asked(capsys, monkeypatch):
    def fail(_):
        raise RuntimeError("boom\n::error::x")

    monkeypatch.setattr(cli, "application", fail)
    monkeypatch.setenv("MOBILE_AI_DEBUG", "1")
    code, out, err = called(capsys, "x")
    assert (code, out) == (1, "")
    assert err.startswith("Traceback")
    assert err.endswith("RuntimeError: boom\n\\u003a:error::x\n")


def test_interrupt_ends_as_shells_expect(capsys, monkeypatch):
    def fail(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "application", fail)
    assert called(capsys, "x")[0] == 130
