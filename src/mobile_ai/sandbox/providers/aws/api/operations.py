"""Executes one operation on one object: the calls of its kind, and the resulting properties."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.answer import narrowed, projected, same
from mobile_ai.sandbox.providers.aws.api.arguments import word
from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Kind, Step
from mobile_ai.sandbox.providers.aws.api.session import AwsApiError
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject
from mobile_ai.sandbox.providers.aws.api.tagging import MARK_TAG, Tagger
from mobile_ai.sandbox.providers.aws.api.text import made, search
from mobile_ai.sandbox.providers.cloud import WantedObject
from mobile_ai.sandbox.providers.errors import ProviderError
from mobile_ai.sandbox.providers.paths import get_path, has_path, set_path
from mobile_ai.sandbox.providers.provider_behavior import Dialect, planned
from mobile_ai.sandbox.providers.state_only import fill, identity
from mobile_ai.sandbox.providers.synthetic_outputs import MARK, Inventor
from mobile_ai.sandbox.providers.values import Properties, Value

_READY_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.2
# Properties that only the provider uses; the API has no argument for them.
_LOCAL: Final = frozenset(
    """
    applyImmediately bypassPolicyLockoutSafetyCheck confirmationTimeoutInMinutes content
    contentBase64 deleteAutomatedBackups deletionWindowInDays endpointAutoConfirms
    enforceConsumerDeletion finalSnapshotIdentifier forceDelete forceDestroy forceDetachPolicies
    forceOverwriteReplicaSecret overwrite publish recoveryWindowInDays region retainOnDelete
    revokeRulesOnDelete rotateImmediately skipDestroy skipFinalSnapshot source sourceHash
    trackLatest waitForDeployment waitForSteadyState
    """.split()  # noqa: SIM905  a list of 29 lines says no more
)
_TAGS: Final = frozenset({"tags", "tagsAll"})


class Work:
    """An operation on one object.

    Attributes:
        subject: The object.
    """

    def __init__(
        self, dialect: Dialect, api: Api, kind: Kind, wanted: WantedObject, subject: ApiSubject
    ) -> None:
        """Store the type's facts, the API, the table's entry and the object."""
        self.subject = subject
        self.kind = kind
        self.api = api
        self.tagger = Tagger(api, kind)
        self._dialect = dialect
        self._wanted = wanted

    def make(self) -> bool:
        """Create the object; return False if an own object with its name already exists.

        Raises:
            ProviderError: The API refused, or the name belongs to another object.
        """
        subject = self.subject
        try:
            more = self.tagger.at_create(subject)
            subject.answer = self.api.run(self.kind.create, subject, more=more)
        except AwsApiError as error:
            if not error.taken:
                raise
            self._adopt_by_name(error)
            return False
        subject.id = str(made(self.kind.id, subject))
        return True

    def finish(self) -> None:
        """Run the calls that a new object requires after its create call."""
        tags = self.kind.tags
        if tags and not tags.at_create:
            self.tagger.set(self.subject)
        self._run_about(self.kind.then, self._set_properties())

    def converge(self, changed: frozenset[str]) -> None:
        """Update the object from any current state to the desired one.

        Args:
            changed: Properties that the program changed.
        """
        live = self.look()
        if live is None:
            raise ProviderError(
                f"{self.subject.id} of {self._wanted.facts.token} is gone: got nothing, expected "
                "the object of the state. Next: `mobile-ai refresh --stack STACK`, then `up` again",
                code="FAILED_PRECONDITION",
            )
        differing = {name for name in self._set_properties() if not self._is_so(name, live)}
        todo = (changed | differing) - _TAGS
        steps = (*self.kind.then, *self.kind.changes)
        covered = {name for step in steps for name in step.only}
        if self.kind.update is not None and todo - covered:
            self.api.run(self.kind.update, self.subject)
        self._run_about(steps, todo)
        self.tagger.set(self.subject)

    def look(self) -> Any:
        """Return the object as the API shows it, or None if it does not exist."""
        try:
            answer = self.api.run(self.kind.read, self.subject)
        except AwsApiError as error:
            if error.gone:
                return None
            raise
        live = search(str(made(self.kind.at, self.subject)), answer)
        if live is None or live == []:
            return None
        self.subject.answer = live
        return live

    def ready(self) -> Any:
        """Wait until the object is ready, and return it.

        Raises:
            ProviderError: It was not ready in time, or does not exist.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            live = self.look()
            if live is None:
                raise ProviderError(
                    f"{self.subject.id} was made and cannot be found; expected to read it back. "
                    "Next: run the same command again"
                )
            pending = [at for at, busy in self.kind.wait.items() if search(at, live) in busy]
            if not pending:
                return live
            if time.monotonic() > deadline:
                raise ProviderError(
                    f"{self.subject.id} is not ready after {_READY_SECONDS:.0f} s: got "
                    f"{', '.join(f'{at}={search(at, live)}' for at in pending)}. Next: run the "
                    "same command again"
                )
            time.sleep(_PAUSE_SECONDS)

    def remove(self) -> None:
        """Delete the object; a missing object is not an error."""
        for step in (*self.kind.before_delete, self.kind.delete):
            if step is None:
                continue
            try:
                self.api.run(step, self.subject)
            except AwsApiError as error:
                if not error.gone:
                    raise

    def alike(self, live: Any, *, apart_from: Iterable[str] = ()) -> bool:
        """Return whether an object equals the desired one in everything that the API shows."""
        names = self._set_properties() - _TAGS - set(apart_from)
        return all(self._is_so(name, live) for name in names)

    def inputs(self, live: Any) -> Properties:
        """Return the inputs with which a program would declare the object as it is."""
        recorded = {k: v for k, v in self._wanted.inputs.items() if not k.startswith("__")}
        if not recorded:
            return self._imported(live)
        found: Properties = dict(self._wanted.inputs)
        for name, value in recorded.items():
            if self._is_readable(name):
                whole = self._is_map(name)
                found[name] = narrowed(self._property(name, live), value, whole=whole)
        found |= self._tag_inputs(found)
        found |= self._content_note(live)
        return {name: value for name, value in found.items() if value is not None}

    def outputs(self, live: Any, old: Properties) -> Properties:
        """Return all properties: from the inputs, from the API, and invented ones."""
        dialect, wanted = self._dialect, self._wanted
        outputs = planned(wanted.inputs, ())
        volatile = frozenset(dialect.volatile(wanted.facts))
        marked = _listed(old.get(MARK))
        invented: list[Value] = []
        for name in dialect.computed(wanted.facts):
            if has_path(outputs, name):
                continue
            value = self._output(name, live)
            if value is None and name not in volatile:
                value = get_path(old, name)
                invented += [name] if name in marked else []
            if value is not None:
                outputs = set_path(outputs, name, value)
        inventor = Inventor(
            identity(wanted),
            invented=dialect.invented(wanted.facts, wanted.inputs),
            values={**outputs},
        )
        inventor.learn("id", self.subject.id)
        filled = fill(dialect, wanted, outputs, inventor)
        return {**filled, MARK: [*invented, *_listed(filled.get(MARK))]}

    def _adopt_by_name(self, error: AwsApiError) -> None:
        subject = self.subject
        subject.id = str(made(self.kind.id, subject) or "")
        live = self.look() if subject.id else None
        if live is not None and subject.id not in self._wanted.held:
            tags = self.tagger.found(subject)
            if tags.get(MARK_TAG) == subject.facts["mark"]:
                return
            # Untagged: the type has no tags, or the run was killed before it set them.
            later = {name for step in self.kind.then for name in step.only}
            if not tags and self.alike(live, apart_from=later):
                return
        raise ProviderError(
            f"{subject.id or self._wanted.urn}: got an object of this name that another resource "
            f"made ({error.word}); expected none. Next: give it another name, or take it over with "
            f"`pulumi import {self._wanted.facts.token} NAME {subject.id or 'ID'}`",
            code="ALREADY_EXISTS",
        ) from error

    def _run_about(self, steps: Iterable[Step], names: Iterable[str]) -> None:
        todo = frozenset(names)
        for step in steps:
            if not step.only or todo.intersection(step.only):
                self.api.run(step, self.subject)

    def _set_properties(self) -> set[str]:
        return {name for name, value in self.subject.props.items() if value is not None}

    def _is_readable(self, name: str) -> bool:
        return name not in _LOCAL | _TAGS and name not in self.kind.unkept

    def _is_map(self, name: str) -> bool:
        shape = self._wanted.facts.inputs.get(name, ("",))[0]
        return isinstance(shape, list) and shape[0] == "map"

    def _is_so(self, name: str, live: Any) -> bool:
        if not self._is_readable(name):
            return True
        return same(self.subject.props.get(name), self._property(name, live))

    def _property(self, name: str, live: Any) -> Any:
        """Return a property or output as the API shows it, None if it does not."""
        facts = self._wanted.facts
        shape = (facts.inputs.get(name) or facts.outputs.get(name) or ("any",))[0]
        if name in self.kind.names:
            found = search(self.kind.names[name], live)
        else:
            wanted = word(name)
            members = live.items() if isinstance(live, Mapping) else ()
            found = next((item for key, item in members if word(key) == wanted), None)
        return projected(found, shape, self._dialect.spec.objects)

    def _output(self, name: str, live: Any) -> Value:
        if name in self.kind.outputs:
            text: Value = made(self.kind.outputs[name], self.subject)
            return text
        if name in self.kind.unkept or name in _TAGS:
            return None
        head, _, nested = name.partition(".")
        found: Value = self._property(head, live)
        return get_path({head: found}, name) if nested else found

    def _imported(self, live: Any) -> Properties:
        """Return the inputs of an object that is not in the state yet."""
        facts = self._wanted.facts
        found: Properties = {
            name: value
            for name in facts.inputs
            if self._is_readable(name) and (value := self._property(name, live)) is not None
        }
        if "region" in facts.inputs:
            found["region"] = self.subject.facts["region"]
        tags = _unmarked(self.tagger.found(self.subject))
        return {**found, **({"tags": tags, "tagsAll": tags} if tags else {})}

    def _tag_inputs(self, inputs: Properties) -> Properties:
        if self.kind.tags is None or {"tags", "tagsAll"} & set(self.kind.unkept):
            return {}
        there = _unmarked(self.tagger.found(self.subject))
        both = self.subject.props.get("tagsAll") or {}
        if there == both:
            return {}
        own = self.subject.props.get("tags") or {}
        defaults = {key: value for key, value in both.items() if key not in own}
        changed: Properties = {k: v for k, v in there.items() if defaults.get(k) != v}
        return {
            "tagsAll": dict(there),
            **({"tags": changed} if changed or inputs.get("tags") else {}),
        }

    def _content_note(self, live: Any) -> Properties:
        """Return a note if content that no property holds changed, such as an object's bytes."""
        if self.kind.content is None:
            return {}
        output, note = self.kind.content
        there, known = self._output(output, live), self.subject.known.get(output)
        return {note: there} if known is not None and there != known else {}


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def _unmarked(tags: Mapping[str, str]) -> Properties:
    return {
        key: value for key, value in tags.items() if key != MARK_TAG and not key.startswith("aws:")
    }
