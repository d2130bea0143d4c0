"""zstd with a dictionary of raw bytes, and with a bound on what comes out."""

from __future__ import annotations

from typing import Final

import zstandard

from delivery.delta.segments import broken

__all__ = ["compress", "decompress"]

_LEVEL: Final = 19
_LARGEST_WINDOW: Final = 1 << 27  # bytes, 128 MiB: what every decoder must be able to take


def compress(data: bytes, before: bytes = b"") -> bytes:
    """Return the compressed bytes; ``before`` is what the reader has already."""
    window = max(10, min(27, (len(data) + len(before)).bit_length()))
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL,
        window_log=window,
        source_size=len(data),
        write_content_size=False,
        write_checksum=False,
        write_dict_id=False,
    )
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=_raw(before)).compress(
        data
    )


def decompress(data: bytes | memoryview, length: int, before: bytes = b"") -> bytes:
    """Return exactly ``length`` bytes.

    Raises:
        PatchError: If the data are no zstd frame, or hold more or fewer bytes.
    """
    decompressor = zstandard.ZstdDecompressor(
        dict_data=_raw(before), max_window_size=_LARGEST_WINDOW
    )
    try:
        # Straight into the result: a stream would keep its window, as large again, beside it.
        result: bytes = decompressor.decompress(
            data, max_output_size=length or 1, read_across_frames=False, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise broken(str(error), f"a zstd frame of {length} bytes") from error
    if len(result) != length:
        raise broken(f"{len(result)} bytes unpacked", f"{length}")
    return result


def _raw(before: bytes) -> zstandard.ZstdCompressionDict | None:
    if not before:
        return None
    return zstandard.ZstdCompressionDict(before, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
