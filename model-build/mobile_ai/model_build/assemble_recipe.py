"""From a recipe file to its maker: the one place where both halves of this room meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from mobile_ai.model_build.assemble_version import Make
from mobile_ai.model_build.device_report import DeviceFigures, with_device_figures
from mobile_ai.model_build.gates import judge_gates
from mobile_ai.model_build.recipe import load_recipe
from mobile_ai.model_build.results import BuildResult, EvaluationReport


def maker(
    recipe: Path,
    *,
    work: Path,
    progress: Callable[[str], None],
    devices: Mapping[str, DeviceFigures] | None = None,
) -> Make:
    """Return a function that builds a recipe and has the files evaluated.

    The evaluator is handed files, not the build's result: it measures what is there.

    Args:
        recipe: The recipe file.
        work: A folder for the exported files.
        progress: Told what happens, one line each.
        devices: Figures of device labs by digest of the artifact, which take the place of those
            of this machine before gates are judged.
    """

    def say(what: str, done: int, total: int) -> None:
        progress(f"{what} ({done} of {total})")

    def make() -> tuple[BuildResult, EvaluationReport]:
        # TensorFlow is imported when a model is made, not when a command is looked up.
        from mobile_ai.model_build import pipeline  # noqa: PLC0415

        built = pipeline.build(recipe, out=work, progress=say)
        report = pipeline.evaluate(recipe, pipeline.files_of(built), progress=say)
        return built, _on_devices(report, recipe, devices) if devices else report

    return make


def _on_devices(
    report: EvaluationReport, recipe: Path, devices: Mapping[str, DeviceFigures]
) -> EvaluationReport:
    """Return a report with figures of device labs, its gates judged on them."""
    artifacts = with_device_figures(report.artifacts, devices)
    gates = judge_gates(
        load_recipe(recipe).gates, artifacts, reference=report.reference, held_out=report.held_out
    )
    return replace(report, artifacts=artifacts, gates=gates)
