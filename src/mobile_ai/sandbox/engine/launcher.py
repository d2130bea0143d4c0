"""Files of the language host next to a built CLI; none refers to a checkout."""

import os
import shutil
from pathlib import Path

LAUNCHER = "pulumi-language-python"
EXECUTOR = "pulumi-language-python-exec"

# -P keeps the Pulumi program's folder, where the engine starts this, out of the host's imports.
_SCRIPT = f"""\
#!/bin/sh
# Starts the Python language host in the interpreter that has mobile-ai-delivery installed.
exec "${{MOBILE_AI_PYTHON:-python3}}" -P -m mobile_ai.sandbox.engine.host \\
  "${{0%/*}}/{EXECUTOR}" "$@"
"""


def write_launcher(folder: Path, *, executor: Path | None = None) -> None:
    """Write the launcher that the engine starts for Python programs, if it differs.

    Args:
        folder: Folder of the CLI.
        executor: Source of `pulumi-language-python-exec`, which runs a program; copied once.
    """
    launcher = folder / LAUNCHER
    if not launcher.is_file() or launcher.read_text() != _SCRIPT:
        fresh = launcher.with_name(f".{LAUNCHER}.{os.getpid()}")
        fresh.write_text(_SCRIPT)
        fresh.chmod(0o755)
        fresh.replace(launcher)
    if executor is not None:
        shutil.copyfile(executor, folder / EXECUTOR)
