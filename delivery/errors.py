"""The errors of this room: each says what, what it got, what it expected, what to do next."""

from __future__ import annotations

__all__ = ["DeliveryError", "PatchError", "ReleaseError", "SelfTestError", "UpdateError"]


class DeliveryError(Exception):
    """Something about a release or an update that is not as it must be.

    Attributes:
        what: What was being looked at, as a path or a name.
        got: What was found there.
        expected: What would have been accepted.
        next_step: What the reader can do about it.
    """

    def __init__(self, what: str, *, got: str, expected: str, next_step: str) -> None:
        """Keep the four parts and join them into one readable line."""
        super().__init__(f"{what}: got {got}; expected {expected}. Next: {next_step}")
        self.what = what
        self.got = got
        self.expected = expected
        self.next_step = next_step


class PatchError(DeliveryError):
    """A patch that cannot be made, or that does not lead from the old file to the new one."""


class ReleaseError(DeliveryError):
    """A release that cannot be planned, signed or written."""


class UpdateError(DeliveryError):
    """A device keeps what it has, because what it was offered is not fit to install."""


class SelfTestError(UpdateError):
    """A model that does not answer on this device as it answered where it was evaluated."""
