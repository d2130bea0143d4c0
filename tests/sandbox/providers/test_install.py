from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from mobile_ai.sandbox.files import write_atomically
from mobile_ai.sandbox.providers import install
from mobile_ai.sandbox.providers.specfile import sdk_version

SECONDS = 120


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home with a space")
    install(path)
    return path


def executable(home: Path, name: str) -> Path:
    return home / "plugins" / f"resource-{name}-v{sdk_version(name)}" / f"pulumi-resource-{name}"


@pytest.fixture(params=["aws", "kubernetes"])
def process(request: pytest.FixtureRequest, home: Path) -> Iterator[subprocess.Popen[str]]:
    # What the engine passes: its address and logging flags.
    command = [str(executable(home, request.param)), "--logtostderr", "-v=9", "127.0.0.1:1"]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home
    )
    yield started
    started.kill()
    started.communicate()


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_the_folder_names_the_sdks_version(home: Path) -> None:
    for name in ("aws", "kubernetes"):
        assert os.access(executable(home, name), os.X_OK)


def test_installing_again_changes_nothing(home: Path) -> None:
    files = sorted(path for path in home.rglob("*") if path.is_file())
    before = [path.stat().st_mtime_ns for path in files]
    install(home)
    assert [path.stat().st_mtime_ns for path in files] == before
    assert sorted(path for path in home.rglob("*") if path.is_file()) == files


def test_a_damaged_installation_is_repaired(home: Path) -> None:
    script = executable(home, "aws")
    good = script.read_text()
    script.write_text("#!/bin/sh\nexit 1\n")
    install(home)
    assert script.read_text() == good


def test_a_process_prints_a_port_and_says_its_version(process: subprocess.Popen[str]) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port_of(process)}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        info = stub.GetPluginInfo(empty_pb2.Empty())
        hello = stub.Handshake(provider_pb2.ProviderHandshakeRequest())
        stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        stub.Cancel(empty_pb2.Empty())
    assert info.version in {sdk_version("aws"), sdk_version("kubernetes")}
    assert hello.accept_secrets
    assert hello.supports_autonaming_configuration


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_process_quietly(process: subprocess.Popen[str], number: int) -> None:
    port_of(process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert errors == ""


def test_a_process_ends_when_the_engine_died(home: Path) -> None:
    """A killed engine cannot tell its plugins to stop."""
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, stderr=2)\n"
        "print(child.pid, child.stdout.readline().decode().strip(), flush=True)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, executable(home, "aws")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The stand-in holds the error stream open: it ends only when the stand-in does.
    _, errors = parent.communicate(timeout=SECONDS)
    assert "the engine is gone" in errors


def test_a_process_does_not_load_the_sdk() -> None:
    """Loading it would cost each preview a second per provider."""
    program = (
        "import sys\n"
        "from mobile_ai.sandbox.proto_only_import import skip_sdk_start\n"
        "skip_sdk_start()\n"
        "import mobile_ai.sandbox.providers.servicer\n"
        "print([name for name in ('pulumi.output', 'pulumi_aws', 'yaml') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_reader_never_sees_a_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    write_atomically(path, "one")
    write_atomically(path, "two", mode=0o755)
    assert path.read_text() == "two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]
    assert os.access(path, os.X_OK)
