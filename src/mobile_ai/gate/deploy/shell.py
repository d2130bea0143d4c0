"""Shell variables with which plain `pulumi preview` and `pulumi up` work in a sandbox.

    eval "$(mobile-ai sandbox env)"
    pulumi preview --policy-pack policy-pack

The engine adds the salt of its state to the stack file that it uses, so a sandbox has a copy. A
`pulumi` wrapper on PATH updates that copy before every command, so that the file in Git is always
the one that is evaluated.
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mobile_ai.gate.deploy.local import endpoints_path
from mobile_ai.gate.engine.engine_environment import find_engine, variables_of
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project, find_project
from mobile_ai.gate.run import prepare_stack
from mobile_ai.sandbox.engine import Engine
from mobile_ai.sandbox.engine.locate import ENGINE_VARIABLE as ENGINE
from mobile_ai.sandbox.services.endpoints import ENDPOINTS_VARIABLE

_OF_SANDBOX: Final = frozenset({ENDPOINTS_VARIABLE, "MOBILE_AI_SANDBOX"})
_WRAPPER: Final = """\
#!/bin/sh
# Renews the sandbox's copy of {file}, then is the engine. Written by `mobile-ai sandbox env`.
set -eu
stack={stack} before=
for word in "$@"; do
  case $before in --stack | -s) asked=$word ;; *) asked= ;; esac
  case $word in --stack=*) asked=${{word#--stack=}} ;; esac
  if [ -n "$asked" ] && [ "${{asked##*/}}" != "$stack" ]; then
    echo "stack: got $asked; expected $stack, which this shell is for." \\
      "Next: eval \\"\\$(mobile-ai sandbox env --stack ${{asked##*/}})\\"" >&2
    exit 2
  fi
  before=$word
done
fresh={copy}.$$
{{ grep -Ev '^(encryptionsalt|secretsprovider|encryptedkey):' {source}
  grep -E '^encryptionsalt:' {copy}; }} > "$fresh"
mv "$fresh" {copy}
PULUMI_OPTION_CONFIG_FILE={copy} exec {engine} "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Environment of a shell for a sandbox.

    Attributes:
        variables: Variables to export.
        unset: Variables of the caller that would lead out of the sandbox.
        endpoints: Endpoints file of the running sandbox; empty if none runs and only previews work.
    """

    variables: Mapping[str, str]
    unset: tuple[str, ...]
    endpoints: str

    def script(self) -> str:
        """Return the lines that a POSIX shell evaluates."""
        lines = [f"unset {name}" for name in self.unset]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in self.variables.items()]
        return "\n".join(lines)


def open_shell(
    folder: Path, stack: str, *, endpoints: Path | None, ambient: Mapping[str, str]
) -> Shell:
    """Create the sandbox's state of a stack, and return its shell variables.

    Args:
        folder: The checkout, or a folder in it.
        stack: The stack that the shell is for.
        endpoints: Endpoints file of the named sandbox; `None` for that of the stack's name, or
            `default`, if it runs.
        ambient: The caller's environment.

    Raises:
        GateError: There is no such stack or sandbox, or no usable engine was found.
    """
    project = find_project(folder.resolve(), stack)
    running = _running(endpoints or endpoints_path(project.root, stack, ambient), endpoints)
    engine = find_engine("sandbox", ambient)
    found = variables_of(project, engine, "sandbox", ambient)
    prepare_stack(project, engine, "sandbox", found)
    found["PATH"] = _path(_write_wrapper(project, engine).parent, ambient)
    # Makes other mobile-ai commands use this engine instead of the wrapper on PATH.
    found |= {"PULUMI_STACK": stack, ENGINE: str(engine.pulumi)}
    sandbox = (
        {ENDPOINTS_VARIABLE: str(running.resolve()), "MOBILE_AI_SANDBOX": "1"} if running else {}
    )
    found = {name: value for name, value in found.items() if name not in _OF_SANDBOX} | sandbox
    return Shell(
        variables={name: value for name, value in found.items() if ambient.get(name) != value},
        unset=tuple(sorted(set(ambient) - set(found))),
        endpoints=str(running or ""),
    )


def _path(wrapper: Path, ambient: Mapping[str, str]) -> str:
    """Return PATH with the wrapper first, without duplicates."""
    others = ambient.get("PATH", os.defpath).split(os.pathsep)
    kept = [item for item in others if Path(item).parent != wrapper.parent]
    return os.pathsep.join([str(wrapper), *kept])


def _running(path: Path, named: Path | None) -> Path | None:
    if path.is_file():
        return path
    if named is None:
        return None
    raise GateError(
        f"{path}: got no such file; expected the endpoints of a running sandbox. Next: `mobile-ai "
        f"sandbox up --name {path.parent.name}`, or leave --name out to preview without one."
    )


def _write_wrapper(project: Project, engine: Engine) -> Path:
    path = project.root / "build" / "shell" / project.stack / "pulumi"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        _WRAPPER.format(
            file=project.stack_file.name,
            stack=shlex.quote(project.stack),
            source=shlex.quote(str(project.stack_file)),
            copy=shlex.quote(str(project.stack_copy)),
            engine=shlex.quote(str(engine.pulumi)),
        )
    )
    path.chmod(0o755)
    return path
