"""Which digests the images have that stack files pin, and pinning newer ones.

``registry`` asks, ``pins`` reads and edits stack files. A tag is only ever a question; what is
written is a digest of bytes that were read.
"""

from operations.images.pins import Image, Moved, compare, pin, read_images
from operations.images.registry import Registry

__all__ = ["Image", "Moved", "Registry", "compare", "pin", "read_images"]
