"""Paths of the checkout, and of the gate's files outside of Git."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from mobile_ai.gate.errors import GateError
from mobile_ai.stack.reader import StackFile, missing_stack_file, read_stack_file, stack_file_name

PACK_FOLDER = "policy-pack"
"""Folder of the policy pack in a checkout."""
_PROGRAM = "Pulumi.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A checkout and the selected stack.

    Attributes:
        root: The folder of `Pulumi.yaml`.
        stack: The stack's name.
        named: A stack file to use instead of the one in Git, such as a copy.
        stack_file: The stack file in Git, or the one given explicitly.
        pack: The policy pack.
        home: `PULUMI_HOME` of sandbox runs, with the stand-in providers and no credentials.
        state: State of sandbox stacks.
        stacks: Copies of stack files that the engine may modify.
        stack_copy: Copy of this stack's file.
        input_checks: Input checks of the last run, as recorded by the stand-in providers.
        log: Event stream of the last run.
    """

    root: Path
    stack: str
    named: Path | None = None
    stack_file: Path = field(init=False)
    pack: Path = field(init=False)
    home: Path = field(init=False)
    state: Path = field(init=False)
    stacks: Path = field(init=False)
    stack_copy: Path = field(init=False)
    input_checks: Path = field(init=False)
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        """Compute the paths."""
        build = self.root / "build"
        stack_file = self.named or self.root / stack_file_name(self.stack)
        paths = {
            "stack_file": stack_file,
            "pack": self.root / PACK_FOLDER,
            "home": build / "pulumi-home",
            "state": build / "state",
            "stacks": build / "stacks",
            "stack_copy": build / "stacks" / stack_file.name,
            "input_checks": build / "gate" / f"{self.stack}.inputs.jsonl",
            "log": build / "gate" / f"{self.stack}.events.jsonl",
        }
        for name, path in paths.items():
            object.__setattr__(self, name, path)

    def read(self) -> StackFile:
        """Return the stack file.

        Raises:
            StackFileError: It cannot be read.
        """
        return read_stack_file(self.stack_file)


def find_root(start: Path) -> Path:
    """Return the checkout that a folder belongs to.

    Raises:
        GateError: No `Pulumi.yaml` is in the folder or above it.
    """
    for folder in (start, *start.parents):
        if (folder / _PROGRAM).is_file():
            return folder
    raise GateError(
        f"{start}: got no {_PROGRAM} here or above; expected a checkout of the project. "
        "Next: run it in the folder with Pulumi.yaml."
    )


def find_project(start: Path, stack: str) -> Project:
    """Return the project that a folder belongs to.

    Raises:
        GateError: No `Pulumi.yaml` is in the folder or above it.
        StackFileError: The stack has no file.
    """
    project = Project(root=find_root(start), stack=stack)
    if not os.path.lexists(project.stack_file):  # of anything else the reader says what it is
        raise missing_stack_file(project.stack_file)
    return project
