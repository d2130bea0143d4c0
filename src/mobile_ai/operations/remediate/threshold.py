"""The step `threshold`: another limit in the pack's config, with what was measured.

It is a proposal to people. The pack judges a pull request by the config of the protected branch,
the file has code owners, and nothing here can merge.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.roots_folder import load_roots
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.governance.config import load_config
from mobile_ai.governance.rules import catalogue
from mobile_ai.operations.monitor.finding import MonitorFinding, Threshold
from mobile_ai.operations.remediate.edit import Edit, read_text

LABEL: Final = "policy-threshold"
"""Label of pull requests that change a policy threshold."""
_PACK: Final = Path("policy-pack")
_WIDTH: Final = 100


def threshold(root: Path, stack: str, finding: MonitorFinding) -> Edit:
    """Set the limit that the finding proposes.

    Raises:
        ReleaseError: It proposes none, or the limit is another by now.
        GovernanceError: The pack has no such stack, or a file is missing.
    """
    wanted = finding.threshold
    if wanted is None or wanted.stack != stack:
        raise _nothing(
            finding, "none for this stack", f"a limit of {stack}, with what was measured"
        )
    name = _config(root, stack)
    text = read_text(root / name)
    config = load_config(text, catalogue(), name=name)
    limit = f"{wanted.rule}.{wanted.parameter}"
    now = config.parameters.get(wanted.rule, {}).get(wanted.parameter)
    if now != wanted.now:
        got = f"{wanted.rule}.{wanted.parameter} {now!r}"
        raise _nothing(finding, got, f"{wanted.now:g}, as when it was measured")
    changed = pretty(_changed(read_json(text, name=name), wanted))
    load_config(changed, catalogue(), name=name)  # what the pack would refuse is not proposed
    weaker = config.rules[wanted.rule].parameters[wanted.parameter].weaker
    is_looser = (wanted.proposed > wanted.now) == (weaker == "higher")
    return Edit(
        change=f"{name}: {limit} {_number(wanted.now)} -> {_number(wanted.proposed)}",
        title=f"Propose {limit} {_number(wanted.proposed)}",
        files={name: changed},
        evidence=tuple(_table(wanted, is_looser=is_looser)),
        labels=(LABEL,),
    )


def pretty(value: Any, *, before: int = 0, indent: int = 0) -> str:
    """Return JSON as the pack's config files have it: on one line what fits, else spread.

    Args:
        value: A JSON value.
        before: Characters before it on its line.
        indent: Of the line.
    """
    line = json.dumps(value, ensure_ascii=False)
    if (indent and before + len(line) < _WIDTH) or not isinstance(value, dict) or not value:
        return line
    pad = " " * (indent + 2)
    rows = [
        f"{pad}{json.dumps(key)}: "
        + pretty(item, before=len(pad) + len(json.dumps(key)) + 2, indent=indent + 2)
        for key, item in value.items()
    ]
    end = "" if indent else "\n"
    return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}" + end


def _config(root: Path, stack: str) -> str:
    return (_PACK / load_roots(root / _PACK).stack(stack).config).as_posix()


def _changed(config: Any, wanted: Threshold) -> dict[str, Any]:
    rules = dict(config.get("rules", {}))
    entry = dict(rules.get(wanted.rule, {}))
    number = int(wanted.proposed) if wanted.proposed.is_integer() else wanted.proposed
    entry["parameters"] = {**entry.get("parameters", {}), wanted.parameter: number}
    rules[wanted.rule] = entry
    return {**config, "rules": dict(sorted(rules.items()))}


def _table(wanted: Threshold, *, is_looser: bool) -> Iterator[str]:
    direction = "loosens" if is_looser else "does not loosen"
    yield f"This {direction} the rule. People decide it: it is never merged by the remediation."
    yield ""
    yield f"| {wanted.unit} | measured | at the build | limit now | proposed |"
    yield "|---|---|---|---|---|"
    for name, value in sorted(wanted.quantiles.items()):
        is_limited = name == wanted.limited
        built = _number(wanted.at_build) if is_limited and wanted.at_build is not None else ""
        limits = (_number(wanted.now), _number(wanted.proposed)) if is_limited else ("", "")
        yield f"| {name} | {_number(value)} | {built} | {limits[0]} | {limits[1]} |"
    yield ""
    held = f"{wanted.deployments} deployment{'s' if wanted.deployments > 1 else ''}"
    yield f"{wanted.n:,.0f} counted in {wanted.windows} windows; the limit holds for {held}."


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _nothing(finding: MonitorFinding, got: str, expected: str) -> ReleaseError:
    return ReleaseError(
        f"threshold of {finding.rule}",
        got=got,
        expected=expected,
        next_step="run `mobile-ai monitor thresholds` again",
    )
