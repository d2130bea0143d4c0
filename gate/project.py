"""Where things are: the repository, and what the gate keeps outside of Git."""

import os
from dataclasses import dataclass
from pathlib import Path

from gate.errors import GateError
from stack.reader import StackFile, missing_stack_file, read_stack_file, stack_file_name

__all__ = ["Project", "find_project"]

_PROGRAM = "Pulumi.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A checkout and the stack in it that is asked about.

    Attributes:
        root: The folder of `Pulumi.yaml`.
        stack: The stack's name.
        named: Another stack file than the one in Git, such as a copy.
    """

    root: Path
    stack: str
    named: Path | None = None

    @property
    def stack_file(self) -> Path:
        """The stack file in Git, or the one that was named."""
        return self.named or self.root / stack_file_name(self.stack)

    def read(self) -> StackFile:
        """Return the stack file.

        Raises:
            StackFileError: It cannot be read.
        """
        return read_stack_file(self.stack_file)

    @property
    def pack(self) -> Path:
        """The policy pack."""
        return self.root / "policy-pack"

    @property
    def home(self) -> Path:
        """`PULUMI_HOME` of sandbox runs: the stand-in providers, nobody's credentials."""
        return self.root / "build" / "pulumi-home"

    @property
    def state(self) -> Path:
        """State of sandbox stacks."""
        return self.root / "build" / "state"

    @property
    def stacks(self) -> Path:
        """Copies of stack files, which the engine writes to."""
        return self.root / "build" / "stacks"

    @property
    def stack_copy(self) -> Path:
        """The copy of this stack's file."""
        return self.stacks / self.stack_file.name

    @property
    def input_checks(self) -> Path:
        """The last run's checks of inputs, as the stand-in providers recorded them."""
        return self.root / "build" / "gate" / f"{self.stack}.inputs.jsonl"

    @property
    def log(self) -> Path:
        """Every line of the last run's event stream."""
        return self.root / "build" / "gate" / f"{self.stack}.events.jsonl"


def find_project(start: Path, stack: str) -> Project:
    """Return the project that a folder belongs to.

    Raises:
        GateError: No `Pulumi.yaml` is in the folder or above it.
        StackFileError: The stack has no file.
    """
    for folder in (start, *start.parents):
        if (folder / _PROGRAM).is_file():
            project = Project(root=folder, stack=stack)
            break
    else:
        raise GateError(
            f"{start}: got no {_PROGRAM} here or above; expected a checkout of the project. "
            "Next: run the command inside it."
        )
    if not os.path.lexists(project.stack_file):  # of anything else the reader says what it is
        raise missing_stack_file(project.stack_file)
    return project
