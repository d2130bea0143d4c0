"""Generate the messages of the inference protocol's gRPC side: `python -m tests.tools.protocol`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from grpc_tools import protoc

__all__ = ["PROTO", "generate", "main"]

ROOT: Final = Path(__file__).parents[2]
PROTO: Final = "src/mobile_ai/edge/proto/open_inference_grpc.proto"


def generate() -> Mapping[str, str]:
    """Return the generated files by their path.

    Raises:
        RuntimeError: If the compiler refuses the file.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        includes = str(files("grpc_tools") / "_proto")
        arguments = [f"-I{ROOT}", f"-I{includes}", f"--python_out={folder}"]
        if protoc.main(["protoc", *arguments, PROTO]):
            raise RuntimeError(f"{PROTO}: the compiler refuses it")
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_text() for path in found}


def main() -> None:
    """Write them."""
    for name, text in generate().items():
        (ROOT / name).write_text(text)
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
