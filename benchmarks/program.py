"""CPU time of the Pulumi program by part: its imports, then each resource that it declares.

The program runs under the real engine, in a copy of the checkout whose `__main__.py` also writes
its own CPU time when its imports end and when the process ends. No rule judges it: the pack is a
process of its own.
"""

import ast
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks._process_tree import Measured, measure
from benchmarks._row import Row
from benchmarks._scale_stack import make_stack
from benchmarks.scale import GATE
from mobile_ai.gate.engine.engine_environment import PASSPHRASE, prepare_sandbox_stack
from mobile_ai.gate.engine.preview import command
from mobile_ai.gate.project import Project
from mobile_ai.sandbox.engine import environment, locate_engine
from mobile_ai.sandbox.providers import install
from tests.e2e.checkout import Checkout, copy_of_repository

__all__ = ["IDS", "rows"]

IDS = ("program.imports_s", "program.resource_ms", "program.six_deployments_s")
_REPEATS: Final = 7
_DEPLOYMENTS: Final = 6
_MARKS: Final = "build/program.json"
_AT_START: Final = f"""
import atexit, json, time
_marks = {{}}
def _write():
    _marks["ended"] = time.process_time()
    with open({_MARKS!r}, "w") as file:
        json.dump(_marks, file)
atexit.register(_write)
"""
_AFTER_IMPORTS: Final = '_marks["imported"] = time.process_time()\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """CPU seconds of one run of the program.

    Attributes:
        imported: When the imports ended; the interpreter and the SDK are in it.
        ended: When the process ended.
        resources: Number of resources that it declared.
    """

    imported: float
    ended: float
    resources: int

    @property
    def each(self) -> float:
        """Milliseconds per resource after the imports."""
        return 1e3 * (self.ended - self.imported) / self.resources


def rows() -> Iterator[Row]:
    """Measure the program of dev, then a plan of six deployments with phones, site and function."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dev = _programs(copy_of_repository(folder / "dev"), repeats=_REPEATS)
        yield Row(
            id=IDS[0],
            value=min(run.imported for run in dev),
            unit="s",
            peer="bar: 1.2, with interpreter and SDK",
            n=_REPEATS,
            note=f"CPU until the imports end, median {_median(run.imported for run in dev):.2f}",
        )
        yield Row(
            id=IDS[1],
            value=min(run.each for run in dev),
            unit="ms",
            peer="bar: 4",
            n=_REPEATS,
            note=f"CPU after the imports by resource of dev ({dev[0].resources}), "
            f"median {_median(run.each for run in dev):.2f}",
        )
        six = make_stack(folder / "six", deployments=_DEPLOYMENTS, places="all")
        whole = [_gate(six) for _ in range(_REPEATS)]
        program = _programs(six, repeats=_REPEATS)
        least = min(program, key=lambda run: run.ended)
        yield Row(
            id=IDS[2],
            value=min(run.cpu for run in whole),
            unit="s",
            peer="-",
            n=_REPEATS,
            note=f"CPU of the whole gate, {_DEPLOYMENTS} deployments, {least.resources} resources, "
            f"median {_median(run.cpu for run in whole):.1f}, wall min "
            f"{min(run.wall for run in whole):.1f}; program {least.ended:.2f}, of which imports "
            f"{least.imported:.2f}, {least.each:.2f} ms a resource",
        )


def _programs(checkout: Checkout, *, repeats: int) -> list[_Program]:
    """Run the program of the dev stack in an instrumented copy, without the pack."""
    file = checkout.root / "__main__.py"
    source = file.read_text()
    file.write_text(_instrumented(source))
    try:
        return [_program(checkout) for _ in range(repeats)]
    finally:
        file.write_text(source)


def _instrumented(source: str) -> str:
    """Return a program that writes its CPU time after the imports and at its end."""
    body = ast.parse(source).body
    last = max(
        item.end_lineno or 0 for item in body if isinstance(item, ast.Import | ast.ImportFrom)
    )
    lines = source.splitlines(keepends=True)
    after_docstring = body[0].end_lineno or 0
    return "".join(
        [*lines[:after_docstring], _AT_START, *lines[after_docstring:last], _AFTER_IMPORTS,
         *lines[last:]]
    )  # fmt: skip


def _program(checkout: Checkout) -> _Program:
    project = Project(root=checkout.root, stack="dev")
    engine = locate_engine()
    variables = environment(
        engine,
        home=project.home,
        backend_url=project.state.as_uri(),
        passphrase=PASSPHRASE,
        ambient={**os.environ, **checkout.environment()},
        sandbox=True,
    )
    variables["PYTHONPATH"] = checkout.environment()["PYTHONPATH"]
    install(project.home)
    prepare_sandbox_stack(project, engine, variables)
    result = subprocess.run(
        command(project, engine, config_file=project.stack_copy, pack=None),
        cwd=project.root,
        env={**variables, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"the preview ended with {result.returncode}: {result.stderr}")
    marks = json.loads((checkout.root / _MARKS).read_text())
    resources = result.stdout.count('"resourcePreEvent"')
    return _Program(imported=marks["imported"], ended=marks["ended"], resources=resources)


def _gate(checkout: Checkout) -> Measured:
    seen = measure(GATE, folder=checkout.root, environment=checkout.environment())
    if seen.code:
        raise RuntimeError(f"the gate ended with {seen.code}: {seen.out[-2000:]}")
    return seen


def _median(values: Iterator[float]) -> float:
    return statistics.median(values)
