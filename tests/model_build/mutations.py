"""Mutation testing of `verify`: changes a version folder in ways that it must detect.

Mutations: flip one of five bytes of each file, remove or append a byte, remove or add a file,
change or drop each field of the manifest. The benchmark and the tests run the same list, so that
the reported figure is the tested one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.model_build.writer import MANIFEST_FILE

__all__ = ["Mutation", "missed_mutations", "mutations_of"]

_SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A change to a copy of a version folder.

    Attributes:
        name: Description of the change.
        apply: Applies the change to a folder.
    """

    name: str
    apply: Callable[[Path], None]


def mutations_of(folder: Path) -> Iterator[Mutation]:
    """Yield every mutation of a version folder."""
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        name = path.relative_to(folder).as_posix()
        size = path.stat().st_size
        for place in sorted({round(share * (size - 1)) for share in _SHARES}):
            yield Mutation(name=f"{name}: flip byte {place}", apply=_flip(name, place))
        yield Mutation(name=f"{name}: cut the last byte", apply=_resize(name, size - 1))
        yield Mutation(name=f"{name}: add a byte", apply=_append(name))
        yield Mutation(name=f"{name}: remove", apply=_remove(name))
    for extra in ("extra.txt", "artifacts/extra.bin", "evidence/.hidden", ".git/config"):
        yield Mutation(name=f"{extra}: add", apply=_add(extra))
    values = read_yaml((folder / MANIFEST_FILE).read_text("utf-8"), name=MANIFEST_FILE)
    for steps in _leaves(values, ()):
        yield Mutation(name=f"field {'.'.join(map(str, steps))}: change", apply=_change(steps))
        yield Mutation(name=f"field {'.'.join(map(str, steps))}: drop", apply=_drop(steps))


def missed_mutations(folder: Path, scratch: Path, found: Callable[[Path], bool]) -> list[str]:
    """Return the names of the undetected mutations.

    Args:
        folder: A valid version folder.
        scratch: An empty folder to work in.
        found: Returns whether a problem is found in a folder.
    """
    missed = []
    for number, mutation in enumerate(mutations_of(folder)):
        # Keep <model>/<version>: verification compares the folder's path with its manifest.
        copy = scratch / str(number) / folder.parent.name / folder.name
        shutil.copytree(folder, copy)
        mutation.apply(copy)
        if not found(copy):
            missed.append(mutation.name)
        shutil.rmtree(scratch / str(number))
    return missed


def _flip(name: str, place: int) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[place] ^= 0x01
        (folder / name).write_bytes(data)

    return apply


def _resize(name: str, size: int) -> Callable[[Path], None]:
    return lambda folder: _write(folder / name, (folder / name).read_bytes()[:size])


def _append(name: str) -> Callable[[Path], None]:
    return lambda folder: _write(folder / name, (folder / name).read_bytes() + b"\n")


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _add(name: str) -> Callable[[Path], None]:
    return lambda folder: _write(folder / name, b"x")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _change(steps: tuple[Any, ...]) -> Callable[[Path], None]:
    return lambda folder: _edit(folder, steps, drop=False)


def _drop(steps: tuple[Any, ...]) -> Callable[[Path], None]:
    return lambda folder: _edit(folder, steps, drop=True)


def _edit(folder: Path, steps: tuple[Any, ...], *, drop: bool) -> None:
    """Edit one field and write the manifest in canonical form."""
    path = folder / MANIFEST_FILE
    values = read_yaml(path.read_text("utf-8"), name=MANIFEST_FILE)
    *way, last = steps
    parent = values
    for step in way:
        parent = parent[step]
    if drop:
        del parent[last]
    else:
        parent[last] = _other(parent[last])
    path.write_text(dump_yaml(values), "utf-8")


def _other(value: Any) -> Any:
    """Return a different value of the same type, as close as possible."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 1e-6
    if isinstance(value, str) and value:
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return "changed"


def _leaves(value: Any, steps: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*steps, key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _leaves(item, (*steps, number))
    else:
        yield steps
