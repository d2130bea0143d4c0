"""Speed of the policy pack: one `Remediate` and one `Analyze` call per resource.

Run against a pack that answers with nothing, in turns, from one client. The resource is a
`MobileAIDeployment`, to which more rules apply than to any other type.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from benchmarks._row import Row
from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.evaluation import applies
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene, changed, make_trust_text

__all__ = ["IDS", "rows"]

IDS = ("policy.pair_vs_noop",)
_ROUNDS = 5
_PAIRS = 200  # per round
_BYTES, _FIELDS = 1_900, 55  # of the request; prod's largest deployment has 1,886 and 55
_PACK = Path(__file__).parents[1] / "policy-pack"


def rows() -> Iterator[Row]:
    """Measure the pack relative to a pack without rules."""
    scene = Scene()
    request = _request(_padded(scene.deployment()))
    rules = [rule for rule in catalogue() if rule.kind == "resource"]
    count = sum(applies(rule, request.type) for rule in rules)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(_serving(_pack_command(_copy(folder, scene)), cwd=folder))
        noop = stack.enter_context(
            _serving([sys.executable, "-m", "benchmarks._noop_pack"], cwd=Path.cwd())
        )
        for item in (scene.context(), scene.model_version()):
            ours.pair(_request(item))
        times = _alternate({"ours": ours, "noop": noop}, request)
    wall = {name: min(found) for name, (found, _) in times.items()}
    cpu = {name: min(found) for name, (_, found) in times.items()}
    yield Row(
        id="policy.pair_vs_noop",
        value=wall["ours"] / wall["noop"],
        unit="ratio",
        peer="a pack that answers with nothing; bar: 2",
        n=_ROUNDS * _PAIRS,
        note=(
            f"{count} rules apply, {request.ByteSize()} bytes; ours {_micro(wall['ours'])} wall "
            f"{_micro(cpu['ours'])} CPU, no-op {_micro(wall['noop'])} wall {_micro(cpu['noop'])} "
            f"CPU per pair; medians {_micro(statistics.median(times['ours'][0]))} and "
            f"{_micro(statistics.median(times['noop'][0]))}"
        ),
    )


class _Pack:
    """A running pack and a client of it."""

    def __init__(self, process: "subprocess.Popen[str]", channel: grpc.Channel) -> None:
        self._usage = psutil.Process(process.pid)
        self._channel = channel
        self._stub = analyzer_pb2_grpc.AnalyzerStub(channel)

    def pair(self, request: analyzer_pb2.AnalyzeRequest) -> Any:
        """Send the engine's calls for one resource."""
        self._stub.Remediate(request)
        return self._stub.Analyze(request)

    def stack(self, encoded: bytes) -> bytes:
        """Send the engine's final call, an encoded ``AnalyzeStackRequest``."""
        answer: bytes = self._channel.unary_unary("/pulumirpc.Analyzer/AnalyzeStack")(encoded)
        return answer

    def cpu(self) -> float:
        """Return the CPU seconds that the pack has used."""
        used = self._usage.cpu_times()
        return float(used.user + used.system)


def _alternate(
    packs: dict[str, _Pack], request: analyzer_pb2.AnalyzeRequest
) -> dict[str, tuple[list[float], list[float]]]:
    """Return wall and CPU seconds per pair of calls and round, after a warm-up round."""
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in packs}
    for number in range(_ROUNDS + 1):
        for name, pack in packs.items():
            before, busy = time.perf_counter(), pack.cpu()
            for _ in range(_PAIRS):
                pack.pair(request)
            if number:
                times[name][0].append((time.perf_counter() - before) / _PAIRS)
                times[name][1].append((pack.cpu() - busy) / _PAIRS)
    return times


@contextmanager
def _serving(command: Sequence[str], *, cwd: Path) -> Iterator[_Pack]:
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, text=True)
    try:
        port = (process.stdout.readline() if process.stdout else "").strip()
        if not port.isdigit():
            raise RuntimeError(f"{' '.join(command)}: got {port!r}; expected a port")
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield _Pack(process, channel)
    finally:
        process.terminate()
        process.wait()


def _copy(folder: Path, scene: Scene) -> Path:
    """Copy the pack without Rego modules, whose cost is a separate row."""
    pack = folder / "pack"
    shutil.copytree(_PACK, pack, ignore=shutil.ignore_patterns("__pycache__", "trust", "*.rego"))
    (pack / "trust").mkdir()
    (pack / "trust" / "dev.yaml").write_text(make_trust_text(scene.signers))
    return pack


def _pack_command(pack: Path) -> list[str]:
    # The engine's address is not used before the pack logs something.
    return [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)]


def _padded(resource: Resource) -> Resource:
    """Return the resource padded to the fields and bytes of a deployment in prod.

    Both count: an SDK's pack pays for each field and policy, ours for what rules read. The rest
    are labels that no rule reads.
    """
    labels = dict(resource.props["metadata"]["labels"])
    labels |= {f"example.com/label-{at:02}": "" for at in range(_FIELDS - _fields(resource.props))}
    *_, last = labels
    for size in range(_BYTES):
        labels |= {key: "x" * (size // 16) for key in labels if key.startswith("example.com/")}
        labels[last] += "x" * (size % 16)
        padded = changed(resource, "metadata", "labels", to=labels)
        if _request(padded).ByteSize() >= _BYTES:
            return padded
    raise AssertionError("no padding fits")


def _fields(value: Any) -> int:
    """Return the number of leaf values of a document."""
    if isinstance(value, Mapping):
        return sum(map(_fields, value.values()))
    return sum(map(_fields, value)) if isinstance(value, list) else 1


def _request(resource: Resource) -> analyzer_pb2.AnalyzeRequest:
    properties = json_format.ParseDict(dict(resource.props), struct_pb2.Struct())
    return analyzer_pb2.AnalyzeRequest(
        type=resource.type, name=resource.name, urn=resource.urn, properties=properties
    )


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us"
