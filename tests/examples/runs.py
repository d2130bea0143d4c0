"""Runs the examples with a Python of the caller's choice, such as that of a clean environment."""

import contextlib
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2_grpc

from tests.delivery.world import Cdn
from tests.edge.models.world import Releases, scaled
from tests.waiting import until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
_SECONDS = 60
_KEPT = ("PATH", "HOME", "XDG_CACHE_HOME", "LANG", "TMPDIR")
# Of a whole environment, so that no path of this process reaches a clean one; built programs, such
# as OPA, lie in the cache, wherever that is.
CLEAN = {key: os.environ[key] for key in _KEPT if key in os.environ}


def released(folder: Path) -> Releases:
    """Return a repository with one released ONNX model for the site dublin."""
    world = Releases(folder)
    world.release(world.add("1.0.0", scaled(2), 2.0))
    (folder / "root.json").write_bytes(world.root)
    return world


def run(
    python: Path, *arguments: str | Path, folder: Path, environment: Mapping[str, str] = CLEAN
) -> "subprocess.CompletedProcess[str]":
    """Run a program in a folder."""
    return subprocess.run(
        [python, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def run_device(python: Path, folder: Path, environment: Mapping[str, str] = CLEAN) -> str:
    """Update a device from a released folder; return what the example prints."""
    world = released(folder / "world")
    done = run(
        *(python, EXAMPLES / "device/update.py"),
        *(world.bucket, world.folder / "root.json", folder / "device"),
        *("camera", "digits", "2.0.0", "site=dublin"),
        folder=folder,
        environment=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pack_rules(python: Path, folder: Path, environment: Mapping[str, str] = CLEAN) -> list[str]:
    """Start the example's policy pack as the engine does; return the rules it lists."""
    server = subprocess.Popen(
        [python, EXAMPLES / "policy-pack/__main__.py", "127.0.0.1:1"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with _stopping(server):
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            analyzer = analyzer_pb2_grpc.AnalyzerStub(channel)  # type: ignore[no-untyped-call]
            info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=_SECONDS)
    return [policy.name for policy in info.policies]


def ask_edge(python: Path, folder: Path, environment: Mapping[str, str] = CLEAN) -> str:
    """Serve the signed sample model and send the example's request; return what it prints."""
    for name in ("models", "policy-pack/trust"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(ROOT / name)
    config = EXAMPLES / "edge/edge.yaml"
    port = Cdn(folder)  # only for a free port of loopback
    port.close()
    url = port.url.rstrip("/")
    server = subprocess.Popen(
        [
            *(python, "-m", "mobile_ai.cli.main", "edge", "serve", "--config", config),
            *("--port", url.rpartition(":")[2]),
        ],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    with _stopping(server):
        _wait_until_ready(url, server)
        done = run(python, EXAMPLES / "edge/ask.py", url, folder=folder, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _wait_until_ready(url: str, server: "subprocess.Popen[str]") -> None:
    until(lambda: server.poll() is not None or _ready(url))
    if server.poll() is not None:
        raise AssertionError(server.communicate()[1])


def _ready(url: str) -> bool:
    with (
        contextlib.suppress(urllib.error.URLError, ConnectionError),
        urllib.request.urlopen(f"{url}/v2/health/ready"),  # noqa: S310  # loopback
    ):
        return True
    return False


@contextlib.contextmanager
def _stopping(server: "subprocess.Popen[str]") -> Iterator[None]:
    try:
        yield
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.communicate()
