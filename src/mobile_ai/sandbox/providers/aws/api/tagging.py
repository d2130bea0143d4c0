"""Tags of an object, including the mark by which a later run recognizes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.answer import pairs
from mobile_ai.sandbox.providers.aws.api.arguments import tag_argument
from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags
from mobile_ai.sandbox.providers.aws.api.session import AwsApiError
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject
from mobile_ai.sandbox.providers.aws.api.text import made, search

MARK_TAG: Final = "mobile-ai-sandbox:urn"
_TAG_MEMBERS: Final = frozenset({"Tags", "tags", "TagList", "TagsToAdd"})
_KEY_MEMBERS: Final = frozenset({"TagKeys", "tagKeys", "TagKeyList", "Keys", "TagsToRemove"})
_DIGITS: Final = 32


def mark_of(urn: str) -> str:
    """Return the value of the mark: the resource's name and a digest of its URN."""
    digest = hashlib.sha256(urn.encode()).hexdigest()[:_DIGITS]
    return f"{urn.rsplit('::', 1)[-1][:128]}:{digest}"


def tags_of(subject: ApiSubject) -> dict[str, str]:
    """Return the desired tags of an object, with the mark."""
    own = subject.props.get("tagsAll") or subject.props.get("tags") or {}
    return {**own, MARK_TAG: subject.facts["mark"]}


class Tagger:
    """Reads and writes tags of one kind."""

    def __init__(self, api: Api, kind: Kind) -> None:
        """Store the API and the kind."""
        self._api = api
        self._kind = kind

    def at_create(self, subject: ApiSubject) -> dict[str, Any]:
        """Return the create call's tag arguments with the mark; empty if it accepts none."""
        tags, call = self._kind.tags, self._kind.create
        if tags is None or not tags.at_create or not isinstance(call, Call):
            return {}
        wanted = tags_of(subject)
        if self._kind.tag_type:
            pairs_ = [{"Key": key, "Value": value} for key, value in wanted.items()]
            return {"TagSpecifications": [{"ResourceType": self._kind.tag_type, "Tags": pairs_}]}
        shape = self._api.input_shape(call, subject)
        member = next(iter(_TAG_MEMBERS & set(shape.members)))
        return {member: tag_argument(wanted, shape.members[member])}

    def found(self, subject: ApiSubject) -> dict[str, str]:
        """Return the current tags of an object, with the mark."""
        tags = self._kind.tags
        if tags is None:
            return {}
        if not tags.read:
            return self.inside(subject.answer)
        call = Call(operation=tags.read, fill=False)
        try:
            answer = self._api.run(call, subject, more=self._naming(tags.read, subject))
        except AwsApiError as error:
            if error.gone:  # S3 has no tag set before the first tag
                return {}
            raise
        return pairs(search(tags.at, answer) or {})

    def inside(self, answer: Any) -> dict[str, str]:
        """Return the tags in a read response or in a list entry."""
        return pairs(search(self._kind.tags.at, answer) or {}) if self._kind.tags else {}

    def set(self, subject: ApiSubject) -> None:
        """Update the tags of an object to the desired ones."""
        tags = self._kind.tags
        wanted, there = tags_of(subject), self.found(subject)
        if tags is None or wanted == there:
            return
        if tags.put:
            self._api.run(tags.put, subject)
            return
        fresh = {key: value for key, value in wanted.items() if there.get(key) != value}
        extra = [key for key in there if key not in wanted]
        if fresh:
            self._write(tags.add, subject, fresh, _TAG_MEMBERS)
        if extra and tags.remove:
            self._write(tags.remove, subject, dict.fromkeys(extra, ""), _KEY_MEMBERS | _TAG_MEMBERS)

    def _write(
        self, operation: str, subject: ApiSubject, tags: Mapping[str, str], members: frozenset[str]
    ) -> None:
        shape = self._api.input_shape(Call(operation=operation), subject)
        member = next(name for name in shape.members if name in members)
        arguments = self._naming(operation, subject)
        arguments[member] = _keys_or_tags(tags, shape.members[member], member)
        self._api.run(Call(operation=operation, fill=False), subject, more=arguments)

    def _naming(self, operation: str, subject: ApiSubject) -> dict[str, Any]:
        """Return the arguments that identify the object."""
        tags = self._kind.tags or Tags()
        shape = self._api.input_shape(Call(operation=operation), subject)
        extra = {name: made(given, subject) for name, given in tags.extra.items()}
        names = [
            name
            for name in (*shape.required_members, *shape.members)
            if name not in _TAG_MEMBERS | _KEY_MEMBERS | set(extra)
        ]
        value = made(tags.of, subject)
        listed = shape.members[names[0]].type_name == "list"
        return {**extra, names[0]: [value] if listed else value}


def _keys_or_tags(tags: Mapping[str, str], shape: Any, member: str) -> Any:
    if member not in _KEY_MEMBERS:
        return tag_argument(tags, shape)
    if shape.type_name == "structure":
        return {"Items": list(tags)}
    return list(tags)
