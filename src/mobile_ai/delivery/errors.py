"""Errors of delivery; each states what, got, expected and the next step."""

from mobile_ai.contracts.errors import GovernanceError


class DeliveryError(GovernanceError):
    """Base of all errors of releases and updates."""


class PatchError(DeliveryError):
    """A patch that cannot be made, or does not transform the old file into the new one."""


class ReleaseError(DeliveryError):
    """A release that cannot be planned, signed or written."""


class UpdateError(DeliveryError):
    """An offered update that is not fit to install; the device keeps what it has."""


class SelfTestError(UpdateError):
    """A model that fails on this device, or does not give the expected answers."""
