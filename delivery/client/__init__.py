"""Device client: verifies and installs updates, and always keeps a model that runs."""

from delivery.client.device import Device
from delivery.client.limits import Limits
from delivery.client.model import ActiveModel, LoadedModel, active_model, load_model
from delivery.client.poll import next_check
from delivery.client.reject import reject
from delivery.client.update import Outcome, update
from delivery.client.why import explain

__all__ = [
    "ActiveModel",
    "Device",
    "Limits",
    "LoadedModel",
    "Outcome",
    "active_model",
    "explain",
    "load_model",
    "next_check",
    "reject",
    "update",
]
