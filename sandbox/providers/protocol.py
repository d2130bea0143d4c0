"""Loads the engine's protocol without the Pulumi SDK around it.

``import pulumi`` costs about a second of processor time, which a provider process has no use for:
it needs the generated messages only. They import nothing of the SDK but each other.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

__all__ = ["skip_sdk_import"]


def skip_sdk_import() -> None:
    """Make ``pulumi.runtime.proto.*`` importable on its own.

    For the provider's own process only, and before anything imports the SDK: afterwards ``import
    pulumi`` finds an empty package. Does nothing when the SDK is already loaded.
    """
    if "pulumi" in sys.modules:
        return
    spec = importlib.util.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        return
    folder = Path(spec.submodule_search_locations[0])
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        package = ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
