"""Reading properties in three states: known, unknown, missing.

A rule never sees a bare property. It asks a ``Property`` for what it needs, and every unknown
that it asked for is noted, so that the judge can fail closed: a rule that had to look at
an unknown has not passed. Known facts are still judged, so one unknown hides nothing.

Secrets are compared in the clear and shown as ``[secret]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.printable import printable

_SHOWN_CHARACTERS = 120
# A shorter secret is hidden only where it stands alone in quotes: messages stay readable.
_HIDDEN_ANYWHERE = 4

Test = Callable[[Any], bool]
"""Predicate on a known value, or on ``MISSING``."""


class _Marker:
    """A value that stands for none; compared by identity."""

    __slots__ = ("_label",)

    def __init__(self, label: str) -> None:
        self._label = label

    def __repr__(self) -> str:
        return self._label

    def __bool__(self) -> bool:
        return False  # `require(bool, …)` asks for something that is there


UNKNOWN: Final = _Marker("unknown")
"""Value of a property that is known only after deployment."""
MISSING: Final = _Marker("nothing")
"""Value of a property that is not set."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that may be judged and never shown."""

    value: Any

    def __repr__(self) -> str:
        """Never the value."""
        return "[secret]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, in the four parts of every message here."""

    what: str
    got: str
    expected: str
    next_step: str

    def __str__(self) -> str:
        """Return the one line that people read."""
        return f"{self.what}: got {self.got}; expected {self.expected}. Next: {self.next_step}"


class FindingCollector:
    """Collects a rule's findings while it reads one resource."""

    __slots__ = ("findings", "next_step", "secrets", "unknowns", "warnings")

    def __init__(self, next_step: str, *, secrets: set[str] | None = None) -> None:
        """Start empty.

        Args:
            next_step: The advice where a finding brings none.
            secrets: Texts that no message may show; grows with every secret that is read.
        """
        self.next_step = next_step
        self.secrets: set[str] = set() if secrets is None else secrets
        self.findings: list[Finding] = []
        self.warnings: list[Finding] = []
        self.unknowns: list[str] = []

    def deny(self, what: str, *, got: str, expected: str, next_step: str | None = None) -> None:
        """Note that something is wrong."""
        self.findings.append(self._finding(what, got, expected, next_step))

    def warn(self, what: str, *, got: str, expected: str, next_step: str | None = None) -> None:
        """Note that something will be wrong, or should be known."""
        self.warnings.append(self._finding(what, got, expected, next_step))

    def _finding(self, what: str, got: str, expected: str, next_step: str | None) -> Finding:
        return Finding(
            what=self._hide(what),
            got=self._hide(got),
            expected=self._hide(expected),
            next_step=self._hide(next_step or self.next_step),
        )

    def _hide(self, text: str) -> str:
        # Rules quote what they have read; the longest first, since one may hold another.
        for secret in sorted(self.secrets, key=len, reverse=True):
            shown = secret if len(secret) >= _HIDDEN_ANYWHERE else repr(secret)
            text = text.replace(shown, "[secret]")
        return printable(text)


class Property:
    """A value at a path, and where to note what is found there."""

    __slots__ = ("_keys", "_notes", "_raw", "secret")

    def __init__(
        self, raw: Any, notes: FindingCollector, *, path: str = "", secret: bool = False
    ) -> None:
        """Wrap a raw value; a ``Secret`` is opened and remembered."""
        self._keys: tuple[str | int, ...] = (path,) if path else ()
        self._notes = notes
        self._raw, self.secret = _opened(raw, secret=secret)

    @property
    def path(self) -> str:
        """Path of the value as messages write it; joined on access."""
        keys = (key if isinstance(key, str) else f"[{key}]" for key in self._keys)
        return ".".join(keys).replace(".[", "[")

    def at(self, *keys: str) -> Property:
        """Return the property below, by keys.

        Children of an unknown value are unknown; children of a missing value are missing.
        """
        raw, secret = self._raw, self.secret
        for depth, key in enumerate(keys):
            # Three rules of four read a plain dictionary of plain values; each of these shortcuts
            # takes a tenth off the time of such a read.
            if type(raw) is dict or isinstance(raw, Mapping):
                raw = raw.get(key)
                if raw is None or type(raw) is Secret:
                    raw, secret = _opened(raw, secret=secret)
            elif raw is not UNKNOWN and raw is not MISSING:
                self._below(raw, keys[:depth], secret=secret)._refuse("a mapping")  # noqa: SLF001
                raw = MISSING
        return self._below(raw, keys, secret=secret)

    def _below(self, raw: Any, keys: tuple[str | int, ...], *, secret: bool) -> Property:
        """Return a property below, whose value was opened."""
        node = Property.__new__(Property)
        node._keys = self._keys + keys  # noqa: SLF001  # its own kind
        node._notes = self._notes  # noqa: SLF001
        node._raw = raw  # noqa: SLF001
        node.secret = secret
        return node

    @property
    def missing(self) -> bool:
        """True if there is no value; an unknown is noted and is not missing."""
        return self._observe() is MISSING

    @property
    def pending(self) -> bool:
        """True if the value is unknown; does not note it.

        For references: that something is there can be known before its name is.
        """
        return self._raw is UNKNOWN

    @property
    def known(self) -> bool:
        """True if there is a known value; an unknown is noted."""
        value = self._observe()
        return value is not MISSING and value is not UNKNOWN

    def text(self) -> str:
        """Return the text here, or the empty text; anything else is noted as wrong."""
        value = self._observe()
        if isinstance(value, str):
            return value
        if value is not UNKNOWN and value is not MISSING:
            self._refuse("text")
        return ""

    def number(self) -> float | None:
        """Return the number here, or ``None``; anything else is noted as wrong."""
        value = self._observe()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if value is not UNKNOWN and value is not MISSING:
            self._refuse("a number")
        return None

    def items(self) -> list[Property]:
        """Return the nodes of a list; empty for nothing and (noted) for unknown."""
        value = self._observe()
        if type(value) is list or (isinstance(value, Sequence) and not isinstance(value, str)):
            return [self._item(item, index) for index, item in enumerate(value)]
        if value is not UNKNOWN and value is not MISSING:
            self._refuse("a list")
        return []

    def _item(self, item: Any, index: int) -> Property:
        raw, secret = _opened(item, secret=self.secret)
        return self._below(raw, (index,), secret=secret)

    def texts(self) -> list[str]:
        """Return the texts of a list, without those that are unknown (noted)."""
        return [text for item in self.items() if (text := item.text())]

    def entries(self) -> Iterator[tuple[str, Property]]:
        """Yield key and node of a mapping; nothing for nothing and (noted) for unknown."""
        value = self._observe()
        if isinstance(value, Mapping):
            for key in value:
                yield key, self.at(key)
        elif value is not UNKNOWN and value is not MISSING:
            self._refuse("a mapping")

    def plain(self) -> Any:
        """Return the whole value as JSON values, or ``None`` when some of it is unknown."""
        value = self._observe()
        if value is UNKNOWN or value is MISSING:
            return None
        before = len(self._notes.unknowns)
        result = _plain(value, self.path, self._notes)
        return result if len(self._notes.unknowns) == before else None

    def json(self) -> Any:
        """Return the JSON value that a text here holds, or ``None`` (what is wrong is noted)."""
        text = self.text()
        if not text:
            return None
        try:
            return read_json(text, name=self.path)
        except DocumentError as error:
            self._notes.deny(self.path, got=error.got, expected=error.expected)
            return None

    def require(self, test: Test, expected: str, *, next_step: str | None = None) -> bool:
        """Return whether the value passes a test; note what is wrong, or unknown.

        The test is given ``MISSING`` where there is nothing.
        """
        value = self._observe()
        if value is UNKNOWN:
            return False
        if test(value):
            return True
        self.deny(expected, next_step=next_step)
        return False

    def deny(self, expected: str, *, next_step: str | None = None) -> None:
        """Note that the value here is wrong."""
        self._notes.deny(self.path, got=self.shown(), expected=expected, next_step=next_step)

    def redacted(self) -> Property:
        """Return the same node with a value that no message shows."""
        return Property(self._raw, self._notes, path=self.path, secret=True)

    def shown(self) -> str:
        """Return the value as a message may show it."""
        if self._raw is UNKNOWN or self._raw is MISSING:
            return repr(self._raw)
        if self.secret or _holds_secret(self._raw):
            return "[secret]"
        text = repr(self._raw)
        return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."

    def _observe(self) -> Any:
        if self._raw is UNKNOWN:
            self._notes.unknowns.append(self.path)
        if self.secret:
            _remember(self._raw, self._notes)
        return self._raw

    def _refuse(self, expected: str) -> None:
        self._notes.deny(self.path, got=self.shown(), expected=expected)


def _opened(raw: Any, *, secret: bool) -> tuple[Any, bool]:
    while type(raw) is Secret:
        raw, secret = raw.value, True
    return (MISSING if raw is None else raw), secret


def is_true(value: Any) -> bool:
    """Pass only ``true``."""
    return value is True


def is_false(value: Any) -> bool:
    """Pass only ``false``."""
    return value is False


def is_text(value: Any) -> bool:
    """Pass text that is not empty."""
    return isinstance(value, str) and bool(value)


def one_of(*allowed: Any) -> Test:
    """Pass exactly these values; ``true`` is not 1, and 1.0 is 1 (the engine sends floats)."""
    return lambda value: any(
        value == item and isinstance(value, bool) == isinstance(item, bool) for item in allowed
    )


def at_least(minimum: float) -> Test:
    """Pass numbers from ``minimum``."""
    return lambda value: _is_number(value) and value >= minimum


def at_most(maximum: float) -> Test:
    """Pass numbers up to ``maximum``."""
    return lambda value: _is_number(value) and value <= maximum


def optional(test: Test) -> Test:
    """Pass nothing, or what ``test`` passes."""
    return lambda value: value is MISSING or test(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any, path: str, notes: FindingCollector) -> Any:
    if value is UNKNOWN:
        notes.unknowns.append(path)
        return None
    if isinstance(value, Secret):
        _remember(value.value, notes)
        return _plain(value.value, path, notes)
    if isinstance(value, Mapping):
        return {key: _plain(item, f"{path}.{key}", notes) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item, f"{path}[{index}]", notes) for index, item in enumerate(value)]
    return value


def _remember(value: Any, notes: FindingCollector) -> None:
    if isinstance(value, str) and value:
        notes.secrets.add(value)
    elif isinstance(value, Secret):
        _remember(value.value, notes)
    elif isinstance(value, Mapping):
        for item in value.values():
            _remember(item, notes)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            _remember(item, notes)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(_holds_secret(item) for item in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(_holds_secret(item) for item in value)
    return False
