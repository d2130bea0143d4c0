"""From a recipe file to its maker: the one place where both halves of this room meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mobile_ai.model_build.assemble_version import Make
from mobile_ai.model_build.results import BuildResult, EvaluationReport


def maker(recipe: Path, *, work: Path, progress: Callable[[str], None]) -> Make:
    """Return a function that builds a recipe and has the files evaluated.

    The evaluator is handed files, not the build's result: it measures what is there.

    Args:
        recipe: The recipe file.
        work: A folder for the exported files.
        progress: Told what happens, one line each.
    """

    def say(what: str, done: int, total: int) -> None:
        progress(f"{what} ({done} of {total})")

    def make() -> tuple[BuildResult, EvaluationReport]:
        # TensorFlow is imported when a model is made, not when a command is looked up.
        from mobile_ai.model_build import pipeline  # noqa: PLC0415

        built = pipeline.build(recipe, out=work, progress=say)
        return built, pipeline.evaluate(recipe, pipeline.files_of(built), progress=say)

    return make
