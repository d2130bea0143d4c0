"""Served models and their updates: verified first, swapped without losing a request."""

from mobile_ai.edge.models.assemble import open_table
from mobile_ai.edge.models.settings import ModelSettings

__all__ = ["ModelSettings", "open_table"]
