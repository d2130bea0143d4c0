"""State of a sandbox between commands: ports, processes, secrets of throw-away servers."""

import fcntl
import hashlib
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.files import write_atomically
from mobile_ai.sandbox.services.process import Record
from mobile_ai.sandbox.services.service import Service

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(slots=True, kw_only=True)
class SandboxState:
    """Persistent state; written after each change.

    Attributes:
        account: AWS account of the sandbox.
        sites: Names of the sites with their own API server.
        secret: Password and token of the servers of this sandbox.
        ports: Service to its port, kept so that addresses survive a restart.
        running: Service to its process.
        commands: Service to the fingerprint of its command.
        adopted: Access to an adopted cluster of the user; empty for own clusters.
    """

    account: str = ""
    sites: list[str] = field(default_factory=list)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, Record] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    adopted: dict[str, str] = field(default_factory=dict)


def fingerprint(service: Service) -> str:
    """Return a digest of a service's command and environment; a change requires a restart."""
    text = json.dumps([service.command, dict(service.env), service.user])
    return hashlib.sha256(text.encode()).hexdigest()


class SandboxFolder:
    """The folder of one sandbox: `build/sandbox/<name>`."""

    def __init__(self, root: Path, name: str) -> None:
        """Store the root of all sandboxes and the name of this one.

        Raises:
            SandboxError: The name is not valid.
        """
        if not _NAME.fullmatch(name):
            raise SandboxError(
                f"Not a name for a sandbox: got {name!r}, expected 1 to 32 lower-case letters, "
                "digits or hyphens, a letter or digit first. Choose another --name."
            )
        self.name = name
        self.path = root.absolute() / name
        self._writing = threading.Lock()

    @property
    def logs(self) -> Path:
        """Folder of logs, one file per service."""
        return self.path / "logs"

    @property
    def data(self) -> Path:
        """Folder of the services' data."""
        return self.path / "data"

    @property
    def endpoints(self) -> Path:
        """Endpoints file for clients of the sandbox."""
        return self.path / "endpoints.json"

    @property
    def _file(self) -> Path:
        return self.path / "state.json"

    def make(self) -> None:
        """Create the folders; other users may traverse but not read them."""
        for path in (self.path, self.logs, self.data):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o711)

    @contextmanager
    def locked(self, *, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the sandbox's lock; the kernel releases it when the process exits."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Outside of the folder, which `down` removes.
        with self.path.with_name(f".{self.name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def read(self) -> SandboxState | None:
        """Return the state; None if there is no sandbox.

        Raises:
            SandboxError: The file is damaged.
        """
        try:
            document = json.loads(self._file.read_bytes())
            running = {name: Record(**one) for name, one in document.pop("running").items()}
            return SandboxState(**document, running=running)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SandboxError(
                f"{self._file} is damaged: got {type(error).__name__} ({error}), expected what "
                "`sandbox up` wrote. End the processes whose command lines name "
                f"{self.path}, delete that folder, then run `mobile-ai sandbox up` again."
            ) from error

    def write(self, state: SandboxState) -> None:
        """Write the state atomically, readable by the owner only."""
        with self._writing:
            text = json.dumps(asdict(state), indent=2) + "\n"
            write_atomically(self._file, text, mode=0o600)
