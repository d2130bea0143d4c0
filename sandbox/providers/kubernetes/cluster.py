"""Objects on a real Kubernetes API server, by server-side apply.

What the official provider does in its server-side mode is done here: the fields of the program are
owned by one field manager, a preview asks the server, a conflict with another manager is an error
unless the object says `pulumi.com/patchForce`.
"""

from __future__ import annotations

import time
from typing import Any, Final

from sandbox.kubernetes.api import Api, ApiError, Object
from sandbox.kubernetes.namespace import finish_namespace
from sandbox.providers.cloud import Found, Made, UnfinishedError, Wanted
from sandbox.providers.dialect import Dialect
from sandbox.providers.errors import ProviderError
from sandbox.providers.kubernetes.kinds import api_version, kind_of
from sandbox.providers.kubernetes.objects import as_inputs, drifted, outputs_of, to_object
from sandbox.providers.kubernetes.waiting import SKIP, unfinished
from sandbox.providers.paths import get_path, has_path, set_path
from sandbox.providers.values import UNKNOWN, Properties, contains_unknown, plain

__all__ = ["ClusterObjects", "field_manager"]

_FORCE: Final = "pulumi.com/patchForce"
_PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"
_POLL_SECONDS: Final = 0.1
_GONE_SECONDS: Final = 30.0
_MISSING, _CONFLICT = 404, 409


def field_manager(urn: str) -> str:
    """Name of the field manager: one per stack, so that two stacks meet as a conflict."""
    stack, project = urn.split("::", maxsplit=1)[0].rsplit(":", 1)[-1], urn.split("::")[1]
    return f"mobile-ai/{project}/{stack}"[:128]  # the server's limit


class ClusterObjects:
    """Makes, reads, changes and removes the objects of one API server."""

    def __init__(self, dialect: Dialect, api: Api, *, wait_seconds: float) -> None:
        """Take the parts.

        Args:
            dialect: Which fields only the server knows.
            api: The API server.
            wait_seconds: How long to wait for controllers; 0 where there are none.
        """
        self._dialect = dialect
        self._api = api
        self._wait_seconds = wait_seconds

    def plan(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties | None:  # noqa: ARG002
        """Ask the server what it would store, admission included.

        None where it cannot be asked: something is not known yet, the namespace or the kind comes
        with the same program, or the object stands in the place of one that goes first.
        """
        if contains_unknown({**wanted.inputs}) or (not object_id and wanted.held):
            return None
        try:
            stored = self._apply(wanted, dry_run=True)
        except ApiError as error:
            if error.status == _MISSING and not object_id:
                return None
            raise _failure(wanted, error) from error
        unknown = self._dialect.volatile if object_id else self._dialect.computed
        result = outputs_of(stored, wanted.inputs)
        for path in unknown(wanted.facts):
            if not has_path(wanted.inputs, path) and (not object_id or has_path(result, path)):
                result = set_path(result, path, UNKNOWN)
        return result

    def create(self, wanted: Wanted) -> Made:
        """Apply; what a killed run made already is taken over."""
        stored = self._applied(wanted)
        made = Made(id=_id(stored), outputs=outputs_of(stored, wanted.inputs))
        return Made(id=made.id, outputs=self._waited(wanted, made))

    def read(self, wanted: Wanted, *, object_id: str, known: Properties) -> Found | None:  # noqa: ARG002
        """The stored object; inputs differ from the recorded ones where a field of ours did."""
        try:
            stored = self._api.read(_named(wanted, object_id))
            if stored is None:
                return None
            inputs = self._inputs_now(wanted, stored) if wanted.inputs else as_inputs(stored)
        except ApiError as error:
            raise _failure(wanted, error) from error
        return Found(id=_id(stored), inputs=inputs, outputs=outputs_of(stored, inputs))

    def update(self, wanted: Wanted, *, object_id: str, old: Properties) -> Properties:  # noqa: ARG002
        """Apply; fields that the program dropped are removed by the server."""
        stored = self._applied(wanted)
        made = Made(id=object_id, outputs=outputs_of(stored, wanted.inputs))
        return self._waited(wanted, made)

    def delete(self, wanted: Wanted, *, object_id: str, known: Properties) -> None:
        """Delete, and return when the object is gone."""
        named, api = _named(wanted, object_id), self._api
        asked = plain(get_path(known, "metadata.annotations"))
        policy = plain(asked.get(_PROPAGATION)) if isinstance(asked, dict) else None
        # Dependents are a controller's to delete: in the foreground nobody would.
        propagation = str(policy).capitalize() if policy else "Background"
        try:
            left = api.delete(named, propagation=propagation)
            if left is not None and named["kind"] == "Namespace":
                finish_namespace(api, named["metadata"]["name"])
            self._until_gone(wanted, named)
        except ApiError as error:
            if error.reason != "UnknownKind":  # its definition is gone, and so is the object
                raise _failure(wanted, error) from error

    def _applied(self, wanted: Wanted) -> Object:
        try:
            return self._apply(wanted, dry_run=False)
        except ApiError as error:
            raise _failure(wanted, error) from error

    def _apply(self, wanted: Wanted, *, dry_run: bool, force: bool = False) -> Object:
        body = to_object(wanted.inputs)
        if "name" not in body.get("metadata", {}):
            raise ProviderError(
                f"the stand-in applies objects by name: got a {wanted.facts.token} without "
                "`metadata.name`, expected one; set it, or leave `generateName` out"
            )
        forced = force or body["metadata"].get("annotations", {}).get(_FORCE) == "true"
        return self._api.apply(
            body, manager=field_manager(wanted.urn), dry_run=dry_run, force=forced
        )

    def _inputs_now(self, wanted: Wanted, stored: Object) -> Properties:
        """Compare in the server's own notation: it writes `1000m` as `1`, and fills defaults."""
        try:
            expected = self._apply(wanted, dry_run=True, force=True)
        except ApiError as error:
            if not error.status:
                raise
            # It would be refused today, by a new policy or because a field cannot change.
            expected = to_object(wanted.inputs)
        return drifted(wanted.inputs, expected=expected, stored=stored)

    def _waited(self, wanted: Wanted, made: Made) -> Properties:
        skip = plain(get_path(wanted.inputs, "metadata.annotations"))
        if isinstance(skip, dict) and plain(skip.get(SKIP)) == "true":
            return made.outputs
        deadline = time.monotonic() + self._wait_seconds
        named, outputs = _named(wanted, made.id), made.outputs
        while self._wait_seconds and (stored := self._api.read(named)) is not None:
            outputs, reason = outputs_of(stored, wanted.inputs), unfinished(stored)
            if not reason:
                break
            if time.monotonic() > deadline:
                raise UnfinishedError(Made(id=made.id, outputs=outputs), reason)
            time.sleep(_POLL_SECONDS)
        return outputs

    def _until_gone(self, wanted: Wanted, named: Object) -> None:
        deadline = time.monotonic() + _GONE_SECONDS
        while (left := self._api.read(named)) is not None:
            if time.monotonic() > deadline:
                holders = ", ".join(left["metadata"].get("finalizers", [])) or "nothing known"
                raise ProviderError(
                    f"{wanted.facts.token} `{named['metadata']['name']}` is not gone after "
                    f"{_GONE_SECONDS:g} s: got finalizers {holders}, expected none; have their "
                    "owner finish, or take them off",
                    code="DEADLINE_EXCEEDED",
                )
            time.sleep(_POLL_SECONDS)


def _named(wanted: Wanted, object_id: str) -> Object:
    """What names an object: the id is `namespace/name`, or `name`."""
    namespace, _, name = object_id.rpartition("/")
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    token = wanted.facts.token
    return {"apiVersion": api_version(token), "kind": kind_of(token), "metadata": metadata}


def _id(stored: Object) -> str:
    metadata = stored["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def _failure(wanted: Wanted, error: ApiError) -> ProviderError:
    what = f"{wanted.facts.token} of {wanted.urn.rsplit('::', 1)[-1]}"
    if error.status == _CONFLICT and "conflict" in str(error):
        return ProviderError(
            f"{what} is owned in part by somebody else: got {error}; expected those fields to be "
            f"the program's. Undo the change there, or take them over with the annotation "
            f'`{_FORCE}: "true"`',
            code="ABORTED",
        )
    code = "UNAVAILABLE" if not error.status else "FAILED_PRECONDITION"
    return ProviderError(f"the API server refuses {what}: {error}", code=code)
