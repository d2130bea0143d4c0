"""The one editor of stack files: comments, order and quotes stay as they are.

What it makes is read back before it is written, so that no edit leaves a file that the reader
refuses.
"""

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from mobile_ai.contracts.files import write_whole
from mobile_ai.stack.errors import Problem, UnknownDeploymentError
from mobile_ai.stack.reader import StackFile, read_stack_file
from mobile_ai.stack.settings import NAMESPACE

Change = Callable[[Any], str]
"""Edits a mapping in place and returns what it did; what it raises leaves the file as it was."""

_DEPLOYMENTS: Final = f"{NAMESPACE}:deployments"
# What binds a stack file to the keys of its real backend; the sandbox has keys of its own.
_KEYS_OF_BACKEND: Final = re.compile(
    r"^(encryptionsalt|encryptedkey|secretsprovider):.*\n?", re.MULTILINE
)
_SALT: Final = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)


def edited(file: StackFile, change: Change) -> tuple[str, str]:
    """Return the text of a stack file after a change of its ``config``, and what was done.

    Raises:
        StackFileError: If the file is bad, or would be.
    """
    _ = file.settings
    text, done = edited_text(file.text, lambda document: change(document["config"]))
    return _checked(text, file), done


def edited_text(text: str, change: Change) -> tuple[str, str]:
    """Return a YAML text after a change of its document, and what was done."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4_096  # a line that was not touched is not broken anew
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    done = change(document)
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue(), done


def edited_deployment(file: StackFile, name: str, change: Change) -> tuple[str, str]:
    """Return the text of a stack file after a change of one deployment, and what was done.

    Args:
        file: The stack file.
        name: ``<app>-<model>``.
        change: Edits the deployment's mapping.

    Raises:
        StackFileError: If the file is bad, or would be.
        UnknownDeploymentError: If it has no such deployment.
    """

    def of_one(config: Any) -> str:
        entries = {f"{item['app']}-{item['model']}": item for item in config[_DEPLOYMENTS]}
        if name not in entries:
            problem = Problem(
                key=f"{file.place_of(_DEPLOYMENTS)} {_DEPLOYMENTS}",
                got=f"no deployment {name!r}",
                expected=f"one of {sorted(entries)}",
                next_step="name a deployment of the stack file as <app>-<model>",
            )
            raise UnknownDeploymentError([problem])
        return change(entries[name])

    return edited(file, of_one)


def edit_file(path: Path, change: Change) -> str:
    """Change the ``config`` of a stack file and return what was done."""
    text, done = edited(read_stack_file(path), change)
    _write(path, text)
    return done


def edit_deployment(path: Path, name: str, change: Change) -> str:
    """Change one deployment in a stack file and return what was done."""
    text, done = edited_deployment(read_stack_file(path), name, change)
    _write(path, text)
    return done


def renew_pins(path: Path, digests: Mapping[str, str]) -> int:
    """Give the pins of a stack file the digests named, and return how many changed.

    Only the characters of the digests are replaced.

    Args:
        path: The stack file.
        digests: New digest by manifest path from the repository.
    """
    file = read_stack_file(path)
    pins = [
        (file.marks["config", _DEPLOYMENTS, *keys, "sha256"], pin)
        for index, item in enumerate(file.settings.deployments)
        for keys, pin in (((index,), item), ((index, "previous"), item.previous))
        if pin is not None and digests.get(pin.manifest, pin.sha256) != pin.sha256
    ]
    text = file.text
    for mark, pin in sorted(pins, key=lambda found: found[0].start, reverse=True):
        # Quoted: a digest of digits and one "e" would be read as a number.
        text = f'{text[: mark.start]}"{digests[pin.manifest]}"{text[mark.end :]}'
    if pins:
        _write(path, _checked(text, file))
    return len(pins)


def sandbox_copy(text: str, *, earlier: str) -> str:
    """Return a stack file as the sandbox uses it.

    Args:
        text: The stack file in Git, which no run may change.
        earlier: The copy of an earlier run, whose encryption salt the sandbox's state was made
            with; empty if there is none.
    """
    body = _KEYS_OF_BACKEND.sub("", text)
    salt = _SALT.search(earlier)
    if salt is None:
        return body
    return f"{body.rstrip()}\n{salt.group().rstrip()}\n"


def _write(path: Path, text: str) -> None:
    # A stack file that is a link stays one.
    write_whole(path.resolve(), text.encode())


def _checked(text: str, file: StackFile) -> str:
    _ = StackFile.parse(text, name=file.name).settings
    return text
