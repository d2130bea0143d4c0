"""`mobile-ai recommend`: find the lowest-cost placements of every deployment within limits."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.money.cost import Plan, Stack, WhatIf
from mobile_ai.cli.money.recorded_plan import planned
from mobile_ai.cli.options import Json
from mobile_ai.pricing.recommend import CostRecommendation, ServiceLevel, recommend_placements
from mobile_ai.pricing.storage_class import SETTING, STORAGE, recommend_storage
from mobile_ai.pricing.values import cents

_DEPLOYMENTS: Final = "mobile-ai:deployments"
_TELEMETRY: Final = "mobile-ai:telemetry"
_DEPLOYMENT: Final = "mobileai:index:MobileAIDeployment"


def command(  # noqa: PLR0917  # typer passes options by name
    stack: Stack,
    plan: Plan = None,
    what_if: WhatIf = None,
    quality_loss: Annotated[float, typer.Option(help="Maximum quality loss.")] = 0.01,
    p95_ms: Annotated[
        float, typer.Option(help="Maximum p95 latency of one inference, in ms.")
    ] = 250,
    energy_mj: Annotated[
        float | None, typer.Option(help="Maximum energy per inference on a device, in mJ.")
    ] = None,
    min_replicas: Annotated[int, typer.Option(min=1, help="Minimum replicas of a used site.")] = 1,
    region: Annotated[
        list[str] | None, typer.Option(help="Region that may process data; repeatable.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Edit the stack file.")] = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Search placements and storage class exhaustively; print the best with their savings; exit 0.

    Example: mobile-ai recommend --stack prod --min-replicas 2 --region eu-central-1
    """
    level = ServiceLevel(
        quality_loss=Decimal(str(quality_loss)),
        p95_ms=Decimal(str(p95_ms)),
        energy_mj=None if energy_mj is None else Decimal(str(energy_mj)),
        regions=frozenset(region or ()),
        minimum_replicas=min_replicas,
    )
    from mobile_ai.stack.editor import edit_file  # noqa: PLC0415
    from mobile_ai.stack.reader import read_stack_file, stack_file_name  # noqa: PLC0415

    path = Path(stack_file_name(stack))
    file = read_stack_file(path) if write else None
    _ = file and file.settings  # refused before the search
    found = planned(stack, plan, what_if or [])
    deployments = found.plan.by_type[_DEPLOYMENT]
    results = [recommend_placements(found.plan, item, level=level) for item in deployments]
    storage = recommend_storage(found.plan)
    results += [storage] if storage else []
    if file is not None:
        edit_file(path, partial(apply, results=results))
    if as_json:
        print(json.dumps([_dict(item) for item in results], indent=1))
    else:
        for item in results:
            _show(item)


def apply(config: Any, *, results: Sequence[CostRecommendation]) -> str:
    """Write the best placements and storage class into a stack file's ``config``.

    Args:
        config: The mapping, changed in place.
        results: Recommendations by deployment (``<app>-<model>``).

    Raises:
        UserError: If a deployment is not in the file.
    """
    entries = {f"{i['app']}-{i['model']}": i for i in config[_DEPLOYMENTS]}
    for result in results:
        if result.deployment == STORAGE:
            _store(config[_TELEMETRY], result)
            continue
        if result.deployment not in entries:
            raise UserError(
                f"deployment {result.deployment}: got none in the stack file; expected one of "
                f"{sorted(entries)}. Next: name the stack that was previewed with --stack."
            )
        if result.answers:
            wanted = [c.placement for c in result.answers[0].choices if c.placement]
            _place(entries[result.deployment], wanted)
    return f"{len(results)} recommendations"


def _store(telemetry: Any, result: CostRecommendation) -> None:
    if not result.answers:
        return
    wanted = result.answers[0].choices[0].placement
    if wanted is not None:
        telemetry[SETTING] = wanted[SETTING]
    elif SETTING in telemetry:
        del telemetry[SETTING]


def _place(entry: Any, wanted: list[dict[str, Any]]) -> None:
    """Change the placements in place, so that remaining entries keep their comments."""
    placements = entry["placement"]
    for index in range(len(placements) - 1, -1, -1):
        if not any(_key(placements[index]) == _key(item) for item in wanted):
            del placements[index]
    for item in wanted:
        today = next((i for i in placements if _key(i) == _key(item)), None)
        if today is None:
            placements.append(
                {k: _plain(v) for k, v in item.items() if k != "region"} | _where(item)
            )
            continue
        for name in ("variant", "reservedConcurrency", "memoryMb"):
            if name in item and today.get(name) != item[name]:
                today[name] = _plain(item[name])
        if "replicas" in item:
            today["replicas"]["min"] = _plain(item["replicas"]["min"])


def _where(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"region": item["region"]} if item["target"] == "cloud" else {}


def _key(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return item.get("target"), item.get("site")


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _dict(item: CostRecommendation) -> dict[str, Any]:
    return {
        "deployment": item.deployment,
        "currentUsd": None if item.current_usd is None else str(cents(item.current_usd)),
        "savingUsd": str(cents(item.saving_usd)),
        "answers": [
            {
                "usd": str(cents(answer.usd)),
                "choices": [choice.label for choice in answer.choices],
                "placement": [c.placement for c in answer.choices if c.placement],
            }
            for answer in item.answers
        ],
        "rejected": list(item.rejected),
    }


def _show(item: CostRecommendation) -> None:
    today = "not comparable" if item.current_usd is None else f"{cents(item.current_usd)} USD"
    print(f"{item.deployment}: today {today}")
    for answer in item.answers:
        labels = ", ".join(choice.label for choice in answer.choices)
        saved = (
            "" if item.current_usd is None else f", saves {cents(item.current_usd - answer.usd)}"
        )
        print(f"  {cents(answer.usd)} USD a month{saved}: {labels}")
    if not item.answers:
        print("  nothing carries the load within the limits")
    for reason in item.rejected:
        print(f"  left out: {reason}")
