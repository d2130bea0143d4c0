"""Sandbox: agreement of preview and `up`, state-only types, and survived faults.

Agreement is over the stacks dev and prod, each deployed into an AWS API of the run's own;
Kubernetes objects stay in the state. A prediction is an output of a resource at preview. One with
a known value holds when that is the value afterwards. One that was "known after the operation"
promises no value, and AWS may give none, so it always holds; an output that was not announced at
all counts as a failed prediction. The note says how many predictions were of a known value.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks._row import Row
from mobile_ai.contracts.engine_values import SIGNATURE, UNKNOWN_TEXT
from mobile_ai.sandbox.providers.aws.types_page import share_in_state
from tests.tools.types_in_use import aws_types_in_use

__all__ = ["IDS", "agreement", "rows"]

IDS = (
    "sandbox.preview_up_agreement",
    "sandbox.state_only_types_share",
    "sandbox.faults_survived",
    "sandbox.tutorial_s",
    "sandbox.real_provider_agreement",
)
_STACKS: Final = ("dev", "prod")
_ROOT: Final = Path(__file__).parents[1]
_PORT: Final = 5599


def rows() -> Iterator[Row]:
    """Yield one row per figure."""
    per_stack = {stack: _measured(stack) for stack in _STACKS}
    held, total, known = (sum(found[at] for found in per_stack.values()) for at in (0, 1, 3))
    missed = [name for found in per_stack.values() for name in found[2]]
    each = ", ".join(f"{stack} {found[0]} of {found[1]}" for stack, found in per_stack.items())
    yield Row(
        id=IDS[0],
        value=round(100 * held / total, 3),
        unit="%",
        peer="bar: 100",
        n=total,
        note=f"{each}; {known} of a known value; missed: {', '.join(missed[:5]) or 'none'}",
    )
    used = aws_types_in_use()
    yield Row(
        id=IDS[1],
        value=round(100 * share_in_state(used), 2),
        unit="%",
        peer="bar: 15",
        n=len(used),
        note="AWS types that the components declare; listed in docs/sandbox-types.md",
    )
    kinds = _faults()
    survived = sorted(kind for kind, passed in kinds.items() if passed)
    failed = sorted(kinds.keys() - set(survived))
    yield Row(
        id=IDS[2],
        value=len(survived),
        unit="kinds of faults",
        peer="bar: 20",
        n=len(kinds),
        note=f"failed: {', '.join(failed) or 'none'}; survived: {', '.join(survived)}",
    )
    seconds, count = _tutorial()
    yield Row(
        id=IDS[3],
        value=round(seconds),
        unit="s",
        peer="bar: 360",
        n=1,
        note=f"{count} steps of docs/tutorial.md from a clean clone, caches warm",
    )
    equal, answers, differing = _real_provider()
    yield Row(
        id=IDS[4],
        value=round(100 * equal / answers, 3),
        unit="%",
        peer="bar: 100",
        n=answers,
        note="answers of the Kubernetes stand-in that are the real provider's: objects and "
        "operations of dev and prod, as they are and edited; "
        f"differing: {', '.join(differing[:5]) or 'none'}",
    )


def agreement(
    predicted: Mapping[str, Mapping[str, Any]], done: Mapping[str, Mapping[str, Any]]
) -> tuple[int, int, list[str]]:
    """Return the number of correct predictions, of all predictions, and the failed ones.

    Args:
        predicted: Outputs at preview by URN.
        done: Outputs in the state by URN.
    """
    held, missed = 0, []
    for urn, outputs in predicted.items():
        there = done.get(urn, {})
        for name in sorted({*outputs, *there}):
            if name.startswith("__"):
                continue
            if _holds(outputs.get(name), there.get(name)):
                held += 1
            else:
                missed.append(f"{urn.split('::', 2)[2]}.{name}")
    return held, held + len(missed), missed


def _holds(predicted: Any, there: Any) -> bool:
    if predicted == UNKNOWN_TEXT:
        return True
    if predicted == "[secret]" or _is_secret(there):
        return there is not None  # neither side is shown
    if isinstance(predicted, dict) and isinstance(there, dict):
        names = {name for name in (*predicted, *there) if not name.startswith("__")}
        return all(_holds(predicted.get(name), there.get(name)) for name in names)
    if isinstance(predicted, list) and isinstance(there, list):
        return len(predicted) == len(there) and all(map(_holds, predicted, there))
    return bool(predicted == there)


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and SIGNATURE in value


def _measured(stack: str) -> tuple[int, int, list[str], int]:
    """Return a stack's correct, total and failed predictions, and those with a known value."""
    from mobile_ai.gate import GateOptions  # noqa: PLC0415  a second to load
    from mobile_ai.gate.deploy.operate import bring_up  # noqa: PLC0415
    from mobile_ai.gate.engine.engine_environment import find_engine, variables_of  # noqa: PLC0415
    from mobile_ai.gate.project import find_project  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, _aws(Path(folder)) as endpoints:
        checkout = Path(folder) / "checkout"
        subprocess.run(["git", "clone", "--quiet", _ROOT, checkout], check=True)
        (checkout / ".venv").symlink_to(_ROOT / ".venv")
        ambient = {**os.environ, "MOBILE_AI_SANDBOX_ENDPOINTS": str(endpoints)}
        options = GateOptions(stack=stack, folder=checkout, ambient=ambient)
        report, deployed = bring_up(options, lambda _: None)
        if deployed is None:
            raise RuntimeError(f"the gate says {report.verdict}; expected pass")
        project = find_project(checkout, stack)
        engine = find_engine("sandbox", ambient)
        exported = subprocess.run(
            [engine.pulumi, "stack", "export", f"--stack={stack}"],
            cwd=checkout,
            env=variables_of(project, engine, "sandbox", ambient),
            capture_output=True,
            check=True,
        )
        planned = _planned(project.log)
        result = agreement(planned, _state(json.loads(exported.stdout)))
    known = [value for item in planned.values() for value in item.values() if value != UNKNOWN_TEXT]
    return *result, len(known)


def _planned(log: Path) -> dict[str, Mapping[str, Any]]:
    found = {}
    for line in log.read_text().splitlines():
        event = json.loads(line).get("resOutputsEvent")
        new = (event or {}).get("metadata", {}).get("new")
        if new and new["type"].startswith(("aws:", "kubernetes:")):
            found[new["urn"]] = new.get("outputs") or {}
    return found


def _state(export: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    resources = export["deployment"]["resources"]
    return {item["urn"]: item.get("outputs") or {} for item in resources}


def _real_provider() -> tuple[int, int, list[str]]:
    """Return the stand-in's responses equal to the real provider's, all, and the others."""
    from mobile_ai.sandbox.services.endpoints import Endpoints  # noqa: PLC0415  seconds to load
    from tests.components.support import write_repository  # noqa: PLC0415
    from tests.sandbox.kubernetes.agreement import (  # noqa: PLC0415
        program,
        real_provider,
        settings_of,
        stand_in,
    )
    from tests.sandbox.kubernetes.edits import answers  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        repository = write_repository(Path(folder))
        config = settings_of(program(repository, _STACKS[0]))
        nowhere = Endpoints(name="bench")
        with real_provider(nowhere, config, Path(folder)) as real, stand_in(config) as ours:
            found = [
                answer
                for stack in _STACKS
                for answer in answers(repository, stack, real.beside(), ours.beside())
            ]
    differing = [name for name, same in found if not same]
    return len(found) - len(differing), len(found), differing


@contextmanager
def _aws(folder: Path) -> Iterator[Path]:
    """Start a separate AWS API, and yield its endpoints file."""
    from mobile_ai.sandbox.services.endpoints import Endpoints  # noqa: PLC0415

    url = f"http://127.0.0.1:{_PORT}"
    path = folder / "endpoints.json"
    Endpoints(name="bench", aws=url).write(path)
    server = subprocess.Popen(
        [sys.executable, "-m", "mobile_ai.sandbox.services.aws_server", "-p", str(_PORT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(url)
        yield path
    finally:
        server.terminate()
        server.wait()


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/moto-api/", timeout=1).close()  # noqa: S310  loopback
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{url} does not answer after a minute")


def _tutorial() -> tuple[float, int]:
    from tests.e2e.checkout import copy_of_repository  # noqa: PLC0415
    from tests.e2e.tutorial import PAGE, steps, walk  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_of_repository(Path(folder) / "checkout")
        start = time.perf_counter()
        done = walk(checkout)
        seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"the tutorial stopped:\n{done.stdout[-2000:]}")
    return seconds, len(steps(PAGE.read_text()))


def _faults() -> Mapping[str, bool]:
    """Return, for each kind of fault, whether all its cases were survived.

    Raises:
        RuntimeError: The tests could not run.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._faults"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"benchmarks._faults: {done.stderr[-2000:]}")
    kinds: Mapping[str, bool] = json.loads(done.stdout)
    return kinds
