"""Runs a model on onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from mobile_ai.edge.datatypes import BYTES, DATATYPES, of_onnx
from mobile_ai.edge.rows import keeps_rows_apart
from mobile_ai.edge.serving import ModelIdentity, ServedTensor, Tensors

_PLATFORM: Final = "onnx_onnxv1"
_ANY: Final = -1
# Kernels may sum in another order for another batch size, so results differ slightly.
_TOLERANCE: Final = 1e-3
_SEED: Final = 20_261_130  # arbitrary; the same rows in every process
_FATAL: Final = 4  # of onnxruntime's levels
_ROWS: Final = 6  # of the probe; the last are a million times as large as the others
_EXTREME: Final = 1e6


class UnservableModelError(ValueError):
    """A file that this server cannot run as a model; the message states why."""


class OnnxModel:
    """A :class:`mobile_ai.edge.serving.ServedModel` on an onnxruntime session, CPU only."""

    platform = _PLATFORM

    def __init__(self, source: bytes | Path, identity: ModelIdentity, *, threads: int = 1) -> None:
        """Load a model; its behaviour is checked by its self-test, not here.

        Args:
            source: The file or its content; content cannot reference external data.
            identity: Identity of the model.
            threads: Threads that one call may use.

        Raises:
            UnservableModelError: If it cannot be loaded, or has inputs or outputs that the protocol
                cannot represent.
        """
        try:
            self._session = ort.InferenceSession(
                source if isinstance(source, bytes) else str(source),
                _options(threads),
                providers=["CPUExecutionProvider"],
            )
        except Exception as error:  # onnxruntime's own classes have no common base but this
            raise UnservableModelError(f"{identity.name}: {error}") from error
        self.identity = identity
        self.inputs = tuple(map(_spec, self._session.get_inputs()))
        self.outputs = tuple(map(_spec, self._session.get_outputs()))
        self._names = [spec.name for spec in self.outputs]
        self._text_inputs = [spec.name for spec in self.inputs if spec.datatype == BYTES]
        # Both the analysis and the probe can forbid joining: the analysis also refuses operators
        # that this probe's values do not expose. The file's axis names alone never permit it.
        self.batchable = (
            _joins_rows(self._session) and keeps_rows_apart(source) and self._rows_are_independent()
        )

    def run(self, batch: Tensors) -> dict[str, NDArray[Any]]:
        """Return all outputs, by name.

        Raises:
            ValueError: If the model cannot take the values of the inputs.
        """
        if self._text_inputs:
            batch = {**batch, **{name: _to_text(batch[name]) for name in self._text_inputs}}
        try:
            outputs = self._session.run(self._names, batch)
        except ort.capi.onnxruntime_pybind11_state.InvalidArgument as error:
            raise ValueError(str(error)) from error
        return {
            name: _to_bytes(output) if output.dtype.hasobject else output
            for name, output in zip(self._names, outputs, strict=True)
        }

    def _rows_are_independent(self) -> bool:
        """Return whether a row gives the same alone as beside others, extreme ones included."""
        random = np.random.default_rng(_SEED)
        rows = {spec.name: _sample(spec, random) for spec in self.inputs}
        try:
            together = self.run(rows)
            alone = [self.run({n: v[i : i + 1] for n, v in rows.items()}) for i in range(_ROWS)]
        except Exception:  # noqa: BLE001  # whatever it is: such rows are not joined
            return False
        return all(
            len(output) == _ROWS
            and all(_same(output[i : i + 1], alone[i][name]) for i in range(_ROWS))
            for name, output in together.items()
        )


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Errors are raised anyway. Its log lines are not JSON, and clients could flood the log.
    options.log_severity_level = _FATAL
    # Threads that spin between calls burn the core that the event loop needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _spec(node: Any) -> ServedTensor:
    datatype = of_onnx(node.type)
    if datatype is None:
        raise UnservableModelError(
            f"{node.name}: got {node.type}; expected a tensor of {', '.join(DATATYPES)}"
        )
    shape = tuple(size if isinstance(size, int) and size >= 0 else _ANY for size in node.shape)
    return ServedTensor(name=node.name, datatype=datatype.name, shape=shape)


def _joins_rows(session: Any) -> bool:
    """Return whether the first axis of all tensors has one and the same name."""
    firsts = {
        node.shape[0] if node.shape else None
        for node in (*session.get_inputs(), *session.get_outputs())
    }
    return len(firsts) == 1 and isinstance(next(iter(firsts)), str)


def _sample(spec: ServedTensor, random: np.random.Generator) -> NDArray[Any]:
    """Return random rows that most models accept, the last ones of extreme size."""
    shape = (_ROWS, *(1 if size == _ANY else size for size in spec.shape[1:]))
    dtype = DATATYPES[spec.datatype].dtype
    if dtype.hasobject:
        texts = np.empty(shape, dtype=object)
        texts.ravel()[:] = [f"text {index}".encode() for index in range(texts.size)]
        return texts
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        # Small: many integer inputs are indices into a table.
        return random.integers(0, 2, shape).astype(dtype)
    rows = random.normal(size=shape)
    rows[-2:] *= min(_EXTREME, float(np.finfo(dtype).max) / _EXTREME)
    return rows.astype(dtype)


def _same(left: NDArray[Any], right: NDArray[Any]) -> bool:
    if left.shape != right.shape:
        return False
    if left.dtype.kind != "f":
        return bool((left == right).all())
    return np.allclose(left, right, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True)


def _to_text(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of `str`; ONNX strings are UTF-8."""
    flat = [element.decode() for element in array.ravel()]
    return np.array(flat, dtype=object).reshape(array.shape)


def _to_bytes(array: NDArray[Any]) -> NDArray[Any]:
    flat = np.empty(array.size, dtype=object)
    flat[:] = [element.encode() for element in array.ravel()]
    return flat.reshape(array.shape)
