"""Values of the engine's events as people may see them."""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["shown_value"]

# sdk/go/common/resource/properties.go and sdk/go/common/resource/plugin/rpc.go of Pulumi.
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  the mark of one
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def shown_value(value: Any) -> Any:
    """Return a value with `[secret]` and `[unknown]` in place of the engine's marks.

    >>> shown_value({"url": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"})
    {'url': '[unknown]'}
    """
    if value == _UNKNOWN:
        return "[unknown]"
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return "[secret]"
        return {key: shown_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown_value(item) for item in value]
    return value
