"""Stack files for tests: the repository's own, with something changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mobile_ai.contracts.documents import dump_yaml, read_yaml

ROOT = Path(__file__).parents[2]


def stack_text(
    change: Callable[[dict[str, Any]], None] = lambda _: None, *, stack: str = "dev"
) -> str:
    """Return a stack file after a change of its values, keyed without their namespace."""
    document = read_yaml((ROOT / f"Pulumi.{stack}.yaml").read_text(), name=stack)
    values = {
        key.removeprefix("mobile-ai:"): value for key, value in document.pop("config").items()
    }
    change(values)
    config = {f"mobile-ai:{key}": value for key, value in values.items()}
    return dump_yaml({**document, "config": config})
