"""zstd with a raw-content dictionary and a bounded output size."""

from __future__ import annotations

from typing import Final

import zstandard

from mobile_ai.delivery.delta.segments import broken

_LEVEL: Final = 19
_LARGEST_WINDOW: Final = 1 << 27  # bytes, 128 MiB: zstd's default limit of decoders (windowLog 27)


def compress(data: bytes, before: bytes = b"") -> bytes:
    """Compress bytes; ``before`` is a dictionary that the reader already has."""
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
    """Decompress to exactly ``length`` bytes.

    Raises:
        PatchError: If the data is not a zstd frame, or has another decompressed length.
    """
    decompressor = zstandard.ZstdDecompressor(
        dict_data=_raw(before), max_window_size=_LARGEST_WINDOW
    )
    try:
        _require_length(zstandard.frame_content_size(data), length)
        # One-shot: a streaming decoder would keep its window, as large again, beside the result.
        result: bytes = decompressor.decompress(
            data, max_output_size=length or 1, read_across_frames=False, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise broken(str(error), f"a zstd frame of {length} bytes") from error
    if len(result) != length:
        raise broken(f"{len(result)} bytes unpacked", f"{length}")
    return result


def _require_length(declared: int, length: int) -> None:
    # The decoder allocates what the frame's header declares, whatever `max_output_size` says.
    if declared not in {-1, length}:  # -1: not declared (python-zstandard, `frame_content_size`)
        raise broken(f"a frame that declares {declared} bytes", f"{length}")


def _raw(before: bytes) -> zstandard.ZstdCompressionDict | None:
    if not before:
        return None
    return zstandard.ZstdCompressionDict(before, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
