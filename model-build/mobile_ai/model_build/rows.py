"""Rows of a data set in memory, and their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Model inputs by name, labels, and the group of every row by sensitive attribute.

    All arrays have the same first dimension. `features` holds the column names of tabular inputs;
    it is empty for images, sound and motion.
    """

    inputs: Mapping[str, NDArray[Any]]
    labels: NDArray[np.int64]
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)

    def take(self, index: NDArray[Any]) -> Rows:
        """Return the rows at `index`, in that order."""
        return Rows(
            inputs={name: values[index] for name, values in self.inputs.items()},
            labels=self.labels[index],
            groups={name: values[index] for name, values in self.groups.items()},
            features=self.features,
        )

    def repeated_from(self, others: Iterable[Rows]) -> int:
        """Return how many rows have the same inputs as a row of others."""
        seen = {key for rows in others for key in rows.row_digests()}
        return sum(key in seen for key in self.row_digests())

    def row_digests(self) -> list[bytes]:
        """Return a digest of the inputs of every row, without label and groups."""
        ordered = [np.ascontiguousarray(self.inputs[name]) for name in sorted(self.inputs)]
        return [
            hashlib.sha256(b"".join(values[row].tobytes() for values in ordered)).digest()
            for row in range(len(self))
        ]

    def digest(self) -> str:
        """Return the SHA-256 of names, types, shapes and little-endian content."""
        digest = hashlib.sha256()
        arrays = {"label": self.labels, **self.inputs}
        arrays |= {f"group:{name}": values for name, values in self.groups.items()}
        for name in sorted(arrays):
            values = np.ascontiguousarray(arrays[name])
            little = values.astype(values.dtype.newbyteorder("<"), copy=False)
            digest.update(f"{name}|{little.dtype.str}|{little.shape}|".encode())
            digest.update(little.tobytes())
        return digest.hexdigest()


def concatenate(parts: tuple[Rows, ...]) -> Rows:
    """Return the rows of all parts, one after another.

    Raises:
        ValueError: If there is no part.
    """
    if not parts:
        raise ValueError("no rows to concatenate")
    first = parts[0]
    return Rows(
        inputs={
            name: np.concatenate([part.inputs[name] for part in parts]) for name in first.inputs
        },
        labels=np.concatenate([part.labels for part in parts]),
        groups={
            name: np.concatenate([part.groups[name] for part in parts]) for name in first.groups
        },
        features=first.features,
    )
