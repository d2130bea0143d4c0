"""Cases of which every run shows some, and `make accept` the others."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest

__all__ = ["always"]


def always(shown: Collection[Any], *, of: Iterable[Any]) -> list[Any]:
    """Return the cases `of` a parametrised test; those not `shown` run in `make accept` only.

    Raises:
        ValueError: A case to be shown is none.
    """
    cases = list(of)
    if missing := [one for one in shown if one not in cases]:
        raise ValueError(f"got {missing}; expected some of {cases}")
    later = pytest.mark.accept
    return [one if one in shown else pytest.param(one, marks=later) for one in cases]
