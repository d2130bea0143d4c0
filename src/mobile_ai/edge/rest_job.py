"""A REST inference request in a lane, and its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from mobile_ai.edge.datatypes import BYTES, DATATYPES, pack_bytes
from mobile_ai.edge.errors import BAD_REQUEST, RefusedError
from mobile_ai.edge.http_response import BINARY, Head, json_answer, refusal
from mobile_ai.edge.infer_request import Given, Plan
from mobile_ai.edge.jobs import Outputs
from mobile_ai.edge.serving import ModelIdentity, ServedModel

Done = Callable[[Head, bytes], object]
"""Receives the head and the body of a response."""
_OK: Final = 200


class RestJob:
    """A REST request in a lane, see :class:`mobile_ai.edge.jobs.Job`."""

    __slots__ = ("_done", "_model", "_plan", "deadline", "given", "key", "rows", "start")

    def __init__(
        self, asked: tuple[ServedModel, Plan, Given], done: Done, *, start: float, deadline: float
    ) -> None:
        """Keep the arguments; `done` is called once, on the event loop."""
        self._model, self._plan, self.given = asked
        self.rows, self.key = self._plan.rows, self._plan.key
        self._done = done
        self.start, self.deadline = start, deadline

    def complete(self, outputs: Outputs, at: int) -> None:
        """Answer with the rows from `at`."""
        plan = self._plan
        if plan.head is not None and plan.single is not None:  # cached from an earlier answer
            self._done(plan.head, plan.prefix + outputs.raw_part(plan.single, at, plan.rows))
            return
        try:
            head, body = self._compose(outputs, at)
        except RefusedError as error:
            head, body = refusal(error)
        self._done(head, body)

    def fail(self, error: RefusedError) -> None:
        """Answer with the error."""
        self._done(*refusal(error))

    def _compose(self, outputs: Outputs, at: int) -> tuple[Head, bytes]:
        plan, identity = self._plan, self._model.identity
        described: list[dict[str, Any]] = []
        follows: list[bytes] = []
        specs = {spec.name: spec for spec in self._model.outputs}
        for wanted in plan.outputs:
            spec = specs[wanted.name]
            part = outputs.part(wanted.name, at, plan.rows)
            item: dict[str, Any] = {
                "name": wanted.name,
                "datatype": spec.datatype,
                "shape": list(part.shape),
            }
            if wanted.binary:
                data = pack_bytes(part.ravel()) if spec.datatype == BYTES else part.tobytes()
                item["parameters"] = {"binary_data_size": len(data)}
                follows.append(data)
            else:
                item["data"] = _elements(wanted.name, spec.datatype, part)
            described.append(item)
        answer = _described(identity, plan.id, described)
        if not follows:
            return json_answer(_OK, answer)
        prefix = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
        body = b"".join((prefix, *follows))
        head = _binary_head(len(prefix), len(body))
        self._keep(head, prefix)
        return head, body

    def _keep(self, head: Head, prefix: bytes) -> None:
        """Cache the head if all answers to this plan have the same."""
        if self._plan.single is None or self._plan.id is not None:
            return
        spec = next(spec for spec in self._model.outputs if spec.name == self._plan.single)
        fixed = spec.shape[1:] if self._model.batchable else spec.shape
        if DATATYPES[spec.datatype].size and -1 not in fixed:
            self._plan.prefix, self._plan.head = prefix, head


def _described(
    identity: ModelIdentity, given_id: str | None, outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    answer: dict[str, Any] = {"model_name": identity.name, "model_version": identity.version}
    if given_id is not None:
        answer["id"] = given_id
    return {**answer, "outputs": outputs}


def _binary_head(prefix: int, body: int) -> Head:
    return Head(
        _OK,
        (
            (b"content-type", BINARY),
            (b"inference-header-content-length", str(prefix).encode()),
            (b"content-length", str(body).encode()),
        ),
    )


def _elements(name: str, datatype: str, part: NDArray[Any]) -> list[str] | NDArray[Any]:
    """Return elements for JSON, flat; numbers as an array, which orjson writes in shortest form."""
    if datatype == BYTES:
        return [element.decode() for element in part.ravel()]
    if part.dtype.kind == "f" and not np.isfinite(part).all():
        raise RefusedError(
            BAD_REQUEST,
            f"output {name!r}: has values that JSON cannot represent; "
            "request it with 'binary_data'",
        )
    return np.ascontiguousarray(part).ravel()
