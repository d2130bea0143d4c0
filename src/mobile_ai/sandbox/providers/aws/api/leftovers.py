"""Finds objects of a killed run that no state contains, by mark or by equality."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from mobile_ai.sandbox.providers.aws.api.kind import ListCall
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject
from mobile_ai.sandbox.providers.aws.api.tagging import MARK_TAG
from mobile_ai.sandbox.providers.aws.api.text import made, search
from mobile_ai.sandbox.providers.cloud import WantedObject

if TYPE_CHECKING:
    from mobile_ai.sandbox.providers.aws.api.operations import Work


class Leftovers:
    """Index of leftover objects, listed once per kind before anything is created."""

    def __init__(self) -> None:
        """Start with an empty index."""
        self._lock = Lock()
        self._marked: dict[tuple[str, ...], dict[str, list[str]]] = {}

    def find(self, work: Work, wanted: WantedObject) -> str | None:
        """Return the ID of an existing object that matches and is not in the state."""
        roster = work.kind.roster
        if roster is None or wanted.held == {""}:
            return None
        if roster.mark == "alike":
            candidates = self._alike(work, roster)
        else:
            key = (wanted.facts.token, work.subject.facts["account"], work.subject.facts["region"])
            with self._lock:
                if key not in self._marked:
                    self._marked[key] = _by_mark(work, roster)
                candidates = self._marked[key].get(work.subject.facts["mark"], [])
        free = (one for one in candidates if one not in wanted.held)
        return next((one for one in free if _is_there(work, one)), None)

    def _alike(self, work: Work, roster: ListCall) -> list[str]:
        listed = _listed(work, roster, work.subject)
        return [_id(work, roster, item) for item in listed if work.alike(item)]


def _is_there(work: Work, object_id: str) -> bool:
    """Return whether an object exists, since lists may include objects pending deletion."""
    work.subject.id = object_id
    return work.look() is not None


def _listed(work: Work, roster: ListCall, subject: ApiSubject) -> list[Any]:
    answer = work.api.run(roster.call, subject)
    return search(roster.at, answer) or []


def _by_mark(work: Work, roster: ListCall) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in _listed(work, roster, work.subject):
        object_id = _id(work, roster, item)
        found.setdefault(_mark(work, roster, item, object_id), []).append(object_id)
    return found


def _id(work: Work, roster: ListCall, item: Any) -> str:
    subject = ApiSubject(urn="", props=work.subject.props, facts=work.subject.facts, answer=item)
    return str(made(roster.id, subject))


def _mark(work: Work, roster: ListCall, item: Any, object_id: str) -> str:
    if roster.mark:
        return str(search(roster.mark, item) or "")
    tags = work.kind.tags
    if tags is None or not tags.read:
        return work.tagger.inside(item).get(MARK_TAG, "")
    subject = ApiSubject(
        urn="",
        props=work.subject.props,
        facts=work.subject.facts,
        known={"arn": object_id},
        id=object_id,
        answer=item,
    )
    return work.tagger.found(subject).get(MARK_TAG, "")
