"""The errors of this room: each says what, what it got, what it expected, what to do next."""

from governance.errors import GovernanceError

__all__ = ["DeliveryError", "PatchError", "ReleaseError", "SelfTestError", "UpdateError"]


class DeliveryError(GovernanceError):
    """Something about a release or an update that is not as it must be."""


class PatchError(DeliveryError):
    """A patch that cannot be made, or that does not lead from the old file to the new one."""


class ReleaseError(DeliveryError):
    """A release that cannot be planned, signed or written."""


class UpdateError(DeliveryError):
    """A device keeps what it has, because what it was offered is not fit to install."""


class SelfTestError(UpdateError):
    """A model that does not answer on this device as it answered where it was evaluated."""
