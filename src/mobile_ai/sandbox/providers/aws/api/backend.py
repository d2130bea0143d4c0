"""Cloud of the AWS stand-in: objects of an AWS API for every type in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Kind
from mobile_ai.sandbox.providers.aws.api.leftovers import Leftovers
from mobile_ai.sandbox.providers.aws.api.operations import Work
from mobile_ai.sandbox.providers.aws.api.session import AwsSession
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject, bare
from mobile_ai.sandbox.providers.aws.api.tagging import mark_of
from mobile_ai.sandbox.providers.aws.api.text import unpacked
from mobile_ai.sandbox.providers.cloud import Cloud, Found, Made, UnfinishedError, WantedObject
from mobile_ai.sandbox.providers.errors import ProviderError
from mobile_ai.sandbox.providers.provider_behavior import Dialect, planned
from mobile_ai.sandbox.providers.state_only import StateOnly
from mobile_ai.sandbox.providers.values import Properties


class AwsCloud(Cloud):
    """Creates, reads, updates and deletes objects through boto3."""

    def __init__(
        self, dialect: Dialect, session: Callable[[str], AwsSession], kinds: Mapping[str, Kind]
    ) -> None:
        """Store the dialect, a session factory by account, and the table."""
        self._dialect = dialect
        self._sessions = session
        self._kinds = kinds
        self._nothing = StateOnly(dialect)
        self._leftovers = Leftovers()

    @classmethod
    def at(cls, endpoint: str, dialect: Dialect) -> AwsCloud:
        """Return the cloud of a local endpoint, with the whole table."""
        from mobile_ai.sandbox.providers.aws.kinds import KINDS  # noqa: PLC0415  not at every preview

        return cls(dialect, cache(lambda account: AwsSession(endpoint, account=account)), KINDS)

    def plan(self, wanted: WantedObject, *, object_id: str, old: Properties) -> Properties | None:  # noqa: ARG002
        """Return None, as AWS is not called at preview; type facts predict the outputs."""
        return None

    def create(self, wanted: WantedObject) -> Made:
        """See ``Cloud.create``."""
        kind = self._kinds.get(wanted.facts.token)
        if kind is None:
            return self._nothing.create(wanted)
        work = self._work(kind, wanted)
        work.subject.id = self._leftovers.find(work, wanted) or ""
        adopted = bool(work.subject.id) or not work.make()
        try:
            if adopted:
                work.converge(frozenset())
            else:
                work.finish()
            live = work.ready()
        except ProviderError as error:
            partial = Made(id=work.subject.id, outputs=planned(wanted.inputs, ()))
            raise UnfinishedError(partial, str(error)) from error
        return Made(id=work.subject.id, outputs=work.outputs(live, {}))

    def read(self, wanted: WantedObject, *, object_id: str, known: Properties) -> Found | None:
        """See ``Cloud.read``."""
        kind = self._kinds.get(wanted.facts.token)
        if kind is None:
            return self._nothing.read(wanted, object_id=object_id, known=known)
        work = self._work(kind, wanted, object_id=object_id, known=known)
        live = work.look()
        if live is None:
            return None
        inputs = work.inputs(live)
        now = self._work(kind, replace(wanted, inputs=inputs), object_id=object_id, known=known)
        now.subject.answer = work.subject.answer
        return Found(inputs=inputs, outputs=now.outputs(live, known))

    def update(self, wanted: WantedObject, *, object_id: str, old: Properties) -> Properties:
        """See ``Cloud.update``."""
        kind = self._kinds.get(wanted.facts.token)
        if kind is None:
            return self._nothing.update(wanted, object_id=object_id, old=old)
        work = self._work(kind, wanted, object_id=object_id, known=old)
        try:
            work.converge(_changed(wanted))
            live = work.ready()
        except ProviderError as error:
            partial = Made(id=object_id, outputs={**old, **planned(wanted.inputs, ())})
            raise UnfinishedError(partial, str(error)) from error
        return work.outputs(live, old)

    def delete(self, wanted: WantedObject, *, object_id: str, known: Properties) -> None:
        """See ``Cloud.delete``."""
        kind = self._kinds.get(wanted.facts.token)
        if kind is not None:
            self._work(kind, wanted, object_id=object_id, known=known).remove()

    def _work(
        self,
        kind: Kind,
        wanted: WantedObject,
        *,
        object_id: str = "",
        known: Properties | None = None,
    ) -> Work:
        invented = self._dialect.invented(wanted.facts, wanted.inputs)
        props = bare(wanted.inputs) or {**bare(known or {}), **unpacked(kind.id, object_id)}
        facts = {**invented.known, "mark": mark_of(wanted.urn)}
        subject = ApiSubject(
            urn=wanted.urn,
            props=props,
            facts={**facts, "region": props.get("region") or facts["region"]},
            known=bare(known or {}),
            id=object_id,
        )
        session = self._sessions(facts["account"])
        return Work(self._dialect, Api(session, kind), kind, wanted, subject)


def _changed(wanted: WantedObject) -> frozenset[str]:
    """Return the properties that the program changed."""
    names = wanted.inputs.keys() | wanted.before.keys()
    return frozenset(
        name for name in names if bare(wanted.inputs.get(name)) != bare(wanted.before.get(name))
    )
