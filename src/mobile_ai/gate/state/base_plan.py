"""Plan of a base commit: its program, models and stack file, previewed in a separate folder.

No rule evaluates it: it is only a basis for comparison, and was evaluated when it was merged.
"""

import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import Resource
from mobile_ai.gate.engine.engine_environment import PASSPHRASE, prepare_sandbox_stack
from mobile_ai.gate.engine.preview import preview
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project, find_project
from mobile_ai.gobuild.errors import GoBuildError
from mobile_ai.sandbox.engine import Engine, environment, locate_engine
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.stack.git import git_bytes

# "." is where commits of an earlier layout keep their rooms.
_ROOMS = ("src", "components", "policy-pack", "model-build", ".")


def plan_of_commit(
    folder: Path, stack: str, reference: str, *, ambient: Mapping[str, str]
) -> tuple[Resource, ...]:
    """Return the result of `plan_at`, for a caller without an engine.

    Raises:
        GateError: There is no engine, project, stack or commit, or the commit's program fails.
    """
    # `install` reads the SDK's types, which takes seconds; a gate run has done so already.
    from mobile_ai.sandbox.providers import install  # noqa: PLC0415

    project = find_project(folder.resolve(), stack)
    try:
        engine = locate_engine(ambient=ambient)
        install(project.home)
    except (GoBuildError, SandboxError) as error:
        raise GateError(str(error)) from error
    return plan_at(project, engine, reference, ambient=ambient)


def plan_at(
    project: Project, engine: Engine, reference: str, *, ambient: Mapping[str, str]
) -> tuple[Resource, ...]:
    """Return the resources that a commit plans for a stack, or none if it has no such stack.

    Args:
        project: The checkout; its stand-in providers are used.
        engine: Engine that runs the preview.
        reference: The commit.
        ambient: The caller's environment.

    Raises:
        GateError: There is no such commit, or its program fails.
    """
    with _files_of(project, reference) as root:
        base = Project(root=root, stack=project.stack)
        if not base.stack_file.is_file():
            return ()
        variables = environment(
            engine,
            home=project.home,
            backend_url=base.state.as_uri(),
            passphrase=PASSPHRASE,
            ambient=ambient,
            sandbox=True,
        )
        variables["PYTHONPATH"] = os.pathsep.join(str((root / room).resolve()) for room in _ROOMS)
        prepare_sandbox_stack(base, engine, variables)
        shown = preview(
            base, engine, environment=variables, config_file=base.stack_copy, judged=False
        )
        found = shown.planned()
    if shown.exit_code or not found:
        raise GateError(
            f"plan of {reference}: got exit code {shown.exit_code} and {len(found)} resources; "
            "expected a preview that works. Next: choose another commit with --base."
        )
    return tuple(found)


@contextmanager
def _files_of(project: Project, reference: str) -> Iterator[Path]:
    """Yield a temporary folder with the files of a commit, without history."""
    try:
        files = git_bytes(project.root, "archive", "--format=tar", reference)
    except GovernanceError as error:
        raise GateError(
            f"files of {reference}: got {error.got!r}; expected a commit of this repository. "
            "Next: fetch it, or name another with --base."
        ) from error
    with TemporaryDirectory(prefix="mobile-ai-base-") as folder:
        with tarfile.open(fileobj=io.BytesIO(files)) as archive:
            archive.extractall(folder, filter="data")
        # Program and pack refer to their virtual environment by this path.
        if (project.root / ".venv").exists():
            (Path(folder) / ".venv").symlink_to((project.root / ".venv").resolve())
        yield Path(folder)
