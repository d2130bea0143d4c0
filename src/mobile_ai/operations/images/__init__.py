"""Checks the image digests that stack files pin against their registries, and updates them.

``registry`` queries a registry, ``pins`` reads and edits stack files. A tag is only used as a
query; pinned digests are computed from bytes that were read.
"""

from mobile_ai.operations.images.pins import Image, Moved, compare_images, pin, read_images
from mobile_ai.operations.images.registry import ImageRegistry

__all__ = ["Image", "ImageRegistry", "Moved", "compare_images", "pin", "read_images"]
