"""Device client: verifies and installs updates, and always keeps a model that runs."""

from mobile_ai.delivery.client.device import Device
from mobile_ai.delivery.client.explain import explain
from mobile_ai.delivery.client.limits import ClientLimits
from mobile_ai.delivery.client.model import ActiveModel, LoadedModel, active_model, load_model
from mobile_ai.delivery.client.poll import next_check
from mobile_ai.delivery.client.reject import reject
from mobile_ai.delivery.client.update import UpdateOutcome, update

__all__ = [
    "ActiveModel",
    "ClientLimits",
    "Device",
    "LoadedModel",
    "UpdateOutcome",
    "active_model",
    "explain",
    "load_model",
    "next_check",
    "reject",
    "update",
]
