"""Imports the engine's protocol without initialising the Pulumi SDK.

`import pulumi.runtime.proto.language_pb2` first runs `pulumi/__init__.py`, which loads the
automation API, mocks and telemetry: 0.4 to 0.8 s of every preview, for messages that require none
of it. Neither the host nor a provider runs a program in its own process, so empty packages suffice.

Run by path, with the path of a program and its arguments, it runs that program so. Standard library
only: the interpreter may be that of a pack, which need not have the sandbox installed.
"""

import importlib.util
import runpy
import sys
from pathlib import Path
from types import ModuleType


def skip_sdk_start() -> None:
    """Make `pulumi`, `pulumi.runtime` and `pulumi.runtime.proto` empty packages in this process.

    Does nothing if the SDK is already loaded, or not installed; later imports then report it.
    """
    spec = importlib.util.find_spec("pulumi") if "pulumi" not in sys.modules else None
    if spec is None or not spec.submodule_search_locations:
        return
    folder = Path(spec.submodule_search_locations[0])
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        package = ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package


def main() -> None:
    """Run the program that the arguments name."""
    sys.argv = sys.argv[1:]
    sys.path[0] = sys.argv[0]  # not the folder of this file
    skip_sdk_start()
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
