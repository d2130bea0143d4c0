"""What a server serves and how it changes: verified first, swapped without a lost request."""

from edge.models.assemble import open_table
from edge.models.settings import ModelSettings

__all__ = ["ModelSettings", "open_table"]
