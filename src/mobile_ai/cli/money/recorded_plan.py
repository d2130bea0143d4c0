"""Estimate of a stack's recorded plan, the input of the cost commands."""

import sys
from pathlib import Path
from typing import Final

from mobile_ai.cli.errors import UserError
from mobile_ai.pricing import Assumptions, CostError, CostEstimate, estimate
from mobile_ai.pricing.catalogue import load_prices
from mobile_ai.pricing.recorded import changed_usage, require_current, resources_of_events
from mobile_ai.stack.reader import read_stack_file, stack_file_name

PACK: Final = Path("policy-pack")
"""Policy pack of the checkout."""
PRICES: Final = PACK / "mobile_ai" / "pricing" / "prices"
"""Folder of the dated price catalogues."""


def planned(
    stack: str, plan: Path | None, what_if: list[str], *, stale: bool = False
) -> CostEstimate:
    """Return the estimate of a stack's recorded plan.

    Args:
        stack: The stack.
        plan: An event stream that was named; a warning says if its stack file has changed since.
        what_if: Changes, each ``KEY=VALUE``.
        stale: Warn, too, where the gate's own recording is of an older stack file.

    Raises:
        UserError: If there is no recorded plan, or a what-if is not ``KEY=VALUE``.
        CostError: If the stack file has changed since the gate recorded its plan.
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
    _check_origin(path, stack, refuse=plan is None and not stale)
    with path.open(encoding="utf-8") as lines:
        resources = resources_of_events(lines)
    assume = Assumptions().changed(figures)
    return estimate(changed_usage(resources, usage), load_prices(PACK), assume=assume)


def _check_origin(path: Path, stack: str, *, refuse: bool) -> None:
    """Compare a plan with the stack file that is here; refuse or warn if it is another's."""
    name = stack_file_name(stack)
    if not refuse and not Path(name).is_file():
        return  # a named plan may be of a stack that is not in this folder
    with path.open(encoding="utf-8") as lines:
        try:
            require_current(lines, read_stack_file(Path(name)).text, name=name, stack=stack)
        except CostError as error:
            if refuse:
                raise
            print(f"warning: {error}", file=sys.stderr)


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (key and separator and value):
        raise UserError(f"--what-if: got {text!r}; expected KEY=VALUE. Next: see docs/cost.md.")
    return key, value
