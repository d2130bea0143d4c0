"""Delta patches between model files: the smallest of several codecs, verified by applying it."""

from mobile_ai.delivery.delta.choose import SHIP_BELOW, Patch, best_patch, candidates
from mobile_ai.delivery.delta.container import (
    CODECS,
    MAX_FILE_BYTES,
    apply_patch,
    codec_of,
    patched_pieces,
)

__all__ = [
    "CODECS",
    "MAX_FILE_BYTES",
    "SHIP_BELOW",
    "Patch",
    "apply_patch",
    "best_patch",
    "candidates",
    "codec_of",
    "patched_pieces",
]
