"""Policy pack scaling: per-rule policies, whole stacks, startup time, and OPA as peers."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2

from benchmarks._row import Row
from benchmarks.policy import (
    _PACK,
    _alternate,
    _copy,
    _pack_command,
    _padded,
    _request,
    _serving,
)
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.judge import JudgeSession
from mobile_ai.governance.rego import Rego, shared_rego
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene
from tests.governance.opa_judge import DATA, DOCUMENT, PROBES, probe_module, untrue_in_opa

__all__ = ["IDS", "rows"]

IDS = (
    "policy.rules",
    "policy.pair_vs_stock",
    "policy.stack_1000_s",
    "policy.stack_growth_10x",
    "policy.startup_s",
    "policy.vs_opa",
    "policy.rego_ms",
    "policy.rego_vs_opa",
)
_REPEATS = 3
_STACK_ROUNDS = 7
_OPA = "github.com/open-policy-agent/opa@v1.22.2"
_REGO = Path(__file__).with_name("_opa_rules.rego")


def rows() -> Iterator[Row]:
    """Measure and yield each figure."""
    rules = catalogue()
    yield Row(
        id="policy.rules",
        value=len(rules),
        unit="rules",
        peer="bar: 40",
        n=1,
        note=f"{sum(rule.kind == 'stack' for rule in rules)} of them judge the whole stack",
    )
    scene = Scene()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pack = _copy(folder, scene)
        yield _against_stock(scene, pack, folder)
        yield _start_up(pack, folder)
        yield from _whole_stacks(scene, pack, folder)
        yield from _against_opa(scene, folder)
    yield _rego(scene)


def _against_stock(scene: Scene, pack: Path, folder: Path) -> Row:
    request = _request(_padded(scene.deployment()))
    stock = [sys.executable, "-m", "benchmarks._stock_pack", str(pack)]
    with ExitStack() as stack:
        running = {
            "ours": stack.enter_context(_serving(_pack_command(pack), cwd=folder)),
            "stock": stack.enter_context(_serving(stock, cwd=Path.cwd())),
        }
        for item in (scene.context(), scene.model_version()):
            for each in running.values():
                each.pair(_request(item))
        times = _alternate(running, request)
    wall = {name: min(found) for name, (found, _) in times.items()}
    cpu = {name: min(found) for name, (_, found) in times.items()}
    return Row(
        id="policy.pair_vs_stock",
        value=wall["ours"] / wall["stock"],
        unit="ratio",
        peer="the same rules as one stock policy each; bar: 1/5 wall, 1/12 CPU",
        n=_REPEATS,
        note=(
            f"1/{wall['stock'] / wall['ours']:.0f} wall, 1/{cpu['stock'] / cpu['ours']:.0f} CPU; "
            f"ours {wall['ours'] * 1e3:.2f} ms, stock {wall['stock'] * 1e3:.2f} ms a pair"
        ),
    )


def _start_up(pack: Path, folder: Path) -> Row:
    found = []
    for _ in range(5):
        before = time.perf_counter()
        with _serving(_pack_command(pack), cwd=folder):
            found.append(time.perf_counter() - before)
    return Row(
        id="policy.startup_s",
        value=min(found),
        unit="s",
        peer="bar: 0.8",
        n=len(found),
        note="interpreter to port; " + ", ".join(f"{item:.2f}" for item in found),
    )


def _whole_stacks(scene: Scene, pack: Path, folder: Path) -> Iterator[Row]:
    found = _stack_seconds(scene, pack, folder, sizes=(1_000, 10_000))
    small, large = min(found[1_000]), min(found[10_000])
    yield Row(
        id="policy.stack_1000_s",
        value=small,
        unit="s",
        peer="bar: 1.2",
        n=_STACK_ROUNDS,
        note=f"one AnalyzeStack call over gRPC, all stack rules; {_spread(found[1_000])}",
    )
    yield Row(
        id="policy.stack_growth_10x",
        value=large / small,
        unit="ratio",
        peer="bar: 9 to 11 (linear)",
        n=_STACK_ROUNDS,
        note=f"10,000 resources in {large:.2f} s; {_spread(found[10_000])}",
    )


def _stack_seconds(
    scene: Scene, pack: Path, folder: Path, *, sizes: tuple[int, ...]
) -> dict[int, list[float]]:
    """Return seconds per size, alternating on one pack, after a warm-up round."""
    messages = {size: _stack_message(scene, size) for size in sizes}
    found: dict[int, list[float]] = {size: [] for size in sizes}
    with _serving(_pack_command(pack), cwd=folder) as running:
        for number in range(_STACK_ROUNDS + 1):
            for size, message in messages.items():
                for item in (scene.context(), scene.model_version(), scene.deployment()):
                    running.pair(_request(item))
                before = time.perf_counter()
                running.stack(message)
                if number:
                    found[size].append(time.perf_counter() - before)
    return found


def _stack_message(scene: Scene, size: int) -> bytes:
    """Return an encoded stack, so that encoding time is not attributed to the pack."""
    resources = [_stack_item(item) for item in _many(scene, size)]
    encoded: bytes = analyzer_pb2.AnalyzeStackRequest(resources=resources).SerializeToString()
    return encoded


def _spread(seconds: list[float]) -> str:
    return ", ".join(f"{item * 1e3:.0f}" for item in seconds) + " ms"


def _many(scene: Scene, size: int) -> list[Resource]:
    plan = scene.resources()
    kinds = ("kubernetes:apps/v1:StatefulSet", "aws:sqs/queue:Queue", "aws:sns/topic:Topic")
    samples = [scene.sample(kind) for kind in kinds]
    for number in range(size - len(plan)):
        base = samples[number % len(samples)]
        plan.append(replace(base, name=f"r{number}", urn=f"{base.urn}-{number}"))
    return plan


def _stack_item(resource: Resource) -> analyzer_pb2.AnalyzerResource:
    return analyzer_pb2.AnalyzerResource(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        parent=resource.parent or "",
        properties=json_format.ParseDict(dict(resource.props), struct_pb2.Struct()),
    )


def _against_opa(scene: Scene, folder: Path) -> Iterator[Row]:
    if shutil.which("go") is None:
        print("policy.vs_opa left out: no Go to build OPA with", file=sys.stderr)
        return
    binary = Path("build/opa-bin/opa").absolute()
    if not binary.exists():
        environment = {**os.environ, "GOBIN": str(binary.parent)}
        subprocess.run(["go", "install", _OPA], env=environment, check=True)
    yield _probes(binary, folder)
    data = folder / "resources.json"
    workloads = [dict(item.props) for item in _many(scene, 1_000) if "apps/v1" in item.type]
    data.write_text(json.dumps({"resources": workloads}))
    theirs = min(_opa_seconds(binary, data) for _ in range(_REPEATS))
    ours = min(_our_seconds(scene) for _ in range(_REPEATS))
    yield Row(
        id="policy.vs_opa",
        value=ours / theirs,
        unit="ratio",
        peer="OPA 1.22.2: one process, four pod rules over the same workloads",
        n=_REPEATS,
        note=f"ours {ours:.2f} s, all rules, in process; OPA {theirs:.2f} s; {len(workloads)} pods",
    )


def _rego(scene: Scene) -> Row:
    modules = {path.name: path.read_text() for path in sorted((_PACK / "rego").glob("*.rego"))}
    document = dict(scene.deployment().props)
    verified = {"sha256": scene.version.sha256, "ethical_assessment_approved": True}
    data = {"ai_registry": {"models": {"digits": {"versions": {"1.1.0": verified}}}}}
    rego, now = shared_rego(), datetime.now(UTC)
    rego.evaluate(modules, document, data=data, now=now)
    found = []
    for _ in range(50):
        before = time.perf_counter()
        rego.evaluate(modules, document, data=data, now=now)
        found.append((time.perf_counter() - before) * 1e3)
    return Row(
        id="policy.rego_ms",
        value=min(found),
        unit="ms",
        peer="one deployment; not part of the pairs above",
        n=len(found),
        note=f"{len(modules)} modules of the pack, kept compiled between deployments",
    )


def _probes(binary: Path, folder: Path) -> Row:
    """Count probes that do not fire here and do in OPA, or are silent where they must not be."""
    wrong = untrue_in_opa(binary, folder)
    rego, now = Rego(), datetime.now(UTC)
    outcomes: dict[str, list[str]] = {"fired": [], "refused": [], "raised": [], "silent": []}
    for kind in ("true", "refused", "raises"):
        for name, expression in PROBES[kind].items():
            # What the last kind of probes calls; a rule twice, so that one of them conflicts.
            more = "two(x) := 1 if x\ntwo(x) := 2 if x\n" if kind == "raises" else ""
            modules = {"p.rego": probe_module(expression) + more}
            outcomes[_became(rego, modules, now)].append(name)
    return Row(
        id="policy.rego_vs_opa",
        value=len({*wrong, *outcomes["silent"]}),
        unit="probes",
        peer="OPA 1.22.2 on the same probes; bar: 0 that differ or are silent",
        n=sum(len(names) for names in outcomes.values()),
        note=", ".join(f"{len(names)} {word}" for word, names in outcomes.items()),
    )


def _became(rego: Rego, modules: dict[str, str], now: datetime) -> str:
    if rego.problems(modules):
        return "refused"
    try:
        denials = rego.evaluate(modules, DOCUMENT, data=DATA, now=now).denials
    except DocumentError:
        return "raised"
    return "fired" if denials else "silent"


def _opa_seconds(binary: Path, data: Path) -> float:
    before = time.perf_counter()
    subprocess.run(
        [binary, "eval", "-d", str(_REGO), "-i", str(data), "data.mobile.pods.deny"],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - before


def _our_seconds(scene: Scene) -> float:
    now = datetime.now(UTC)
    session = JudgeSession(scene.setting, now=now, preview=True)
    resources = [item for item in _many(scene, 1_000) if "apps/v1" in item.type]
    session.see(scene.context())
    before = time.perf_counter()
    for item in resources:
        session.see(item)
    return time.perf_counter() - before
