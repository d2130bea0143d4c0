"""The recorded plan of a stack, priced: what the cost commands start from."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from governance.cost import Assumptions, Estimate, estimate, load_catalogue
from governance.cost.recorded import changed_usage, resources_of_events, stated_sites
from governance.documents import read_yaml
from governance.errors import GovernanceError

from cli.errors import UserError

__all__ = ["PRICES", "answering", "planned"]

PRICES: Final = Path("policy-pack/prices")


def planned(stack: str, plan: Path | None, what_if: list[str]) -> Estimate:
    """Return the estimate of a stack's recorded plan.

    Raises:
        UserError: If there is no recorded plan, or a what-if is no ``KEY=VALUE``.
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
        resources = stated_sites(resources_of_events(lines), _sites(stack))
    assume = Assumptions().changed(figures)
    return estimate(changed_usage(resources, usage), load_catalogue(PRICES), assume=assume)


@contextmanager
def answering() -> Iterator[None]:
    """Turn an error of the cost model into the one line that a user reads."""
    try:
        yield
    except GovernanceError as error:
        raise UserError(str(error)) from error


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (key and separator and value):
        raise UserError(f"--what-if: got {text!r}; expected KEY=VALUE. Next: see docs/cost.md.")
    return key, value


def _sites(stack: str) -> dict[str, Mapping[str, Any]]:
    """Return what the stack file says about the prices of sites."""
    path = Path(f"Pulumi.{stack}.yaml")
    if not path.is_file():
        return {}
    config = read_yaml(path.read_text(encoding="utf-8"), name=path.name).get("config", {})
    keys = ("nodePriceUsdPerHour", "storageUsdPerGbMonth", "nodeCpu", "nodeMemoryGb")
    return {
        str(site.get("name")): {key: site[key] for key in keys if key in site}
        for site in config.get("mobile-ai:sites", [])
    }
