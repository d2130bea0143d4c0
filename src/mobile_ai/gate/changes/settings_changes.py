"""Values of a stack file that differ between two commits."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mobile_ai.gate.report.report import SettingChange

_LONGEST: Final = 100  # characters of a value that are shown


def setting_changes(
    prior: Mapping[str, Any], proposed: Mapping[str, Any]
) -> tuple[SettingChange, ...]:
    """Return every value that differs, in order of the keys; an empty text: there is none.

    Entries of a list that have a name, or an application and a model, are compared by it, so that
    one more entry is one change.
    """
    old, new = dict(_values(prior)), dict(_values(proposed))
    return tuple(
        SettingChange(key=key, prior=_shown(old, key), proposed=_shown(new, key))
        for key in sorted({*old, *new})
        if _shown(old, key) != _shown(new, key)
    )


def _values(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _values(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        names = [_name(item) for item in value]
        is_named = all(names) and len({*names}) == len(names)
        for index, item in enumerate(value):
            yield from _values(item, f"{key}[{names[index] if is_named else index}]")
    else:
        yield key, value


def _name(item: Mapping[str, Any]) -> str:
    if "app" in item and "model" in item:
        return f"{item['app']}-{item['model']}"
    return str(item.get("name", ""))


def _shown(values: Mapping[str, Any], key: str) -> str:
    if key not in values:
        return ""
    text = json.dumps(values[key], ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
