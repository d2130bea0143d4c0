"""Files of `model-build/` that the builder reads: recipes and the lock of the data sets."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Return the path of a file or folder of `model-build/`.

    A wheel has it inside this package (`tool.hatch.build.targets.wheel.force-include`), a checkout
    where people edit it, in `model-build/`.
    """
    inside = _PACKAGE / name
    return inside if inside.exists() else _PACKAGE.parents[1] / name
