"""Checks the image digests that stack files pin against their registries, and updates them.

``registry`` queries a registry, ``pins`` reads and edits stack files. A tag is only used as a
query; pinned digests are computed from bytes that were read.
"""

from mobile_ai.operations.images.pins import Image, Moved, compare, pin, read_images
from mobile_ai.operations.images.registry import Registry

__all__ = ["Image", "Moved", "Registry", "compare", "pin", "read_images"]
