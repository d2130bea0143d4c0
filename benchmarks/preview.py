"""Warm gated preview, and the share of the policy pack in it."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._clock import Samples, alternate
from benchmarks._row import Row
from mobile_ai.gate.engine.engine_environment import PASSPHRASE, prepare_sandbox_stack
from mobile_ai.gate.engine.preview import command
from mobile_ai.gate.project import Project, find_project
from mobile_ai.sandbox.engine import environment, locate_engine
from mobile_ai.sandbox.providers import install

__all__ = ["IDS", "rows"]

IDS = (
    "preview.warm_dev_s",
    "preview.pack_overhead_ratio",
    "policy.preview_cpu_ratio",
    "preview.resources_dev",
    "preview.resources_prod",
)
_REPEATS = 3
_BAR_SECONDS = 20.0


def rows() -> Iterator[Row]:
    """Measure the whole command, then the engine with and without the pack."""
    reports = {stack: _gate(stack) for stack in ("dev", "prod")}  # also the warm-up
    whole = alternate({"gate": lambda: _gate("dev")}, repeats=_REPEATS)["gate"]
    yield Row(
        id="preview.warm_dev_s",
        value=min(whole.wall),
        unit="s",
        peer=f"bar: {_BAR_SECONDS:.0f} s on 2 quiet cores",
        n=_REPEATS,
        note=f"{whole.note}; {_phases(reports['dev'])}",
    )
    engine = _engine_runs()
    yield Row(
        id="preview.pack_overhead_ratio",
        value=min(engine["pack"].wall) / min(engine["no pack"].wall),
        unit="ratio",
        peer="the same preview without a pack",
        n=_REPEATS,
        note=f"with: {engine['pack'].note}; without: {engine['no pack'].note}",
    )
    yield Row(
        id="policy.preview_cpu_ratio",
        value=statistics.median(engine["pack"].cpu) / statistics.median(engine["no pack"].cpu),
        unit="ratio",
        peer="CPU of the same preview without a pack, host and providers in it; bar: 1.15",
        n=_REPEATS,
        note=f"medians; of the least {min(engine['pack'].cpu) / min(engine['no pack'].cpu):.2f}",
    )
    for stack, report in reports.items():
        yield Row(
            id=f"preview.resources_{stack}",
            value=report["resources"]["total"],
            unit="resources",
            peer="-",
            n=1,
            note=f"verdict {report['verdict']}",
        )


def _gate(stack: str) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-m", "mobile_ai.cli.main", "gate", "--stack", stack, "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if not result.stdout:
        raise RuntimeError(f"the gate gave no report for {stack}: {result.stderr}")
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def _engine_runs() -> dict[str, Samples]:
    project = find_project(Path.cwd(), "dev")
    engine = locate_engine()
    variables = environment(
        engine,
        home=project.home,
        backend_url=project.state.as_uri(),
        passphrase=PASSPHRASE,
        ambient=os.environ,
        sandbox=True,
    )
    install(project.home)
    prepare_sandbox_stack(project, engine, variables)
    with_pack = command(
        project,
        engine,
        config_file=project.stack_copy,
        pack=project.pack,
    )
    without = [item for item in with_pack if not item.startswith("--policy-pack")]
    return alternate(
        {
            "no pack": lambda: _preview(project, without, variables),
            "pack": lambda: _preview(project, with_pack, variables),
        },
        repeats=_REPEATS,
    )


def _preview(project: Project, arguments: list[str], variables: dict[str, str]) -> None:
    subprocess.run(
        arguments,
        cwd=project.root,
        env={**variables, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def _phases(report: dict[str, Any]) -> str:
    phases = report["timing"]["phases"]
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in phases.items())
