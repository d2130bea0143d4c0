"""The selected engine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A Pulumi CLI with a Python language host.

    Attributes:
        pulumi: The CLI's executable.
        version: Its version, as `3.259.0`.
        origin: `official` is a release of Pulumi, `built` was compiled here and runs with the
            language host of this package.
    """

    pulumi: Path
    version: str
    origin: Literal["official", "built"]
