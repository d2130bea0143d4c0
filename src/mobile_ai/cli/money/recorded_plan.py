"""Estimate of a stack's recorded plan, the input of the cost commands."""

from pathlib import Path
from typing import Final

from mobile_ai.cli.errors import UserError
from mobile_ai.pricing import Assumptions, CostEstimate, estimate, load_catalogue
from mobile_ai.pricing.recorded import changed_usage, resources_of_events

PACK: Final = Path("policy-pack")
PRICES: Final = PACK / "mobile_ai" / "pricing" / "prices"


def planned(stack: str, plan: Path | None, what_if: list[str]) -> CostEstimate:
    """Return the estimate of a stack's recorded plan.

    Raises:
        UserError: If there is no recorded plan, or a what-if is not ``KEY=VALUE``.
    """
    path = plan or Path("build/gate") / f"{stack}.events.jsonl"
    if not path.is_file():
        raise UserError(
            f"plan of stack {stack!r}: got no {path}; expected the event stream of a preview. "
            f"Next: run `mobile-ai gate --stack {stack}`."
        )
    changes = dict(_pair(text) for text in what_if)
    usage = {key: value for key, value in changes.items() if "." in key}
    figures = {key: value for key, value in changes.items() if "." not in key}
    with path.open(encoding="utf-8") as lines:
        resources = resources_of_events(lines)
    assume = Assumptions().changed(figures)
    return estimate(changed_usage(resources, usage), load_catalogue(PRICES), assume=assume)


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (key and separator and value):
        raise UserError(f"--what-if: got {text!r}; expected KEY=VALUE. Next: see docs/cost.md.")
    return key, value
