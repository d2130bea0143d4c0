"""`mobile-ai model search`: the Pareto front of a recipe's variants."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mobile_ai.cli.console import console
from mobile_ai.cli.models.options import answering
from mobile_ai.cli.models.progress import progress
from mobile_ai.cli.options import Json
from mobile_ai.model_build.recipe import load_recipe

_OnlyDeclared = Annotated[bool, typer.Option(help="Try the recipe's own variants only.")]


def search_command(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as recipes/digits.yaml.")],
    only_declared: _OnlyDeclared = False,  # noqa: FBT002
    work: Annotated[
        Path, typer.Option(help="Folder that keeps finished points; a new run continues there.")
    ] = Path("build/search"),
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Build a recipe's variants and a default list; show loss, size and latency.

    A variant is on the front if no other of its format is at least as good in loss, size after
    zstd and latency, and better in one of them. Latencies whose ranges overlap are equal. Nothing
    is signed. An interrupted search continues where it stopped.

    Example: mobile-ai model search model-build/recipes/digits.yaml
    """
    # TensorFlow is imported when a model is made, not when a command is looked up.
    from mobile_ai.model_build.search import search  # noqa: PLC0415
    from mobile_ai.model_build.search_grid import grid  # noqa: PLC0415

    with answering(), progress() as say:
        plan = load_recipe(recipe)
        variants = plan.variants if only_declared else grid(plan)
        variants = tuple(spec for spec in variants if spec.format != "coreml")
        found = search(
            recipe,
            variants,
            work=work / recipe.stem,
            progress=lambda what, done, total: say(f"{what} ({done} of {total})"),
        )
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    table = Table("variant", "zstd", f"{found.measure} (95 %)", "p50 us (range)", "front")
    for point in found.points:
        if point.loss is None or point.latency_ms is None:
            table.add_row(point.variant, "-", "refused", "-", "")
            continue
        mark = "yes" if point.variant in found.front else ""
        size, microseconds = f"{point.bytes_zstd:,}", point.latency_ms.times(1000)
        table.add_row(point.variant, size, str(point.loss), str(microseconds), mark)
    console().print(table)
    for point in found.points:
        if point.refused:
            print(f"{point.variant}: {point.refused}")
    print(f"{found.rows} rows: {found.rows_of}; {found.reused} points were there before")
