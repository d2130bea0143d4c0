"""What a finding is, and what may be done about it."""

import json
from pathlib import Path
from typing import Any

import pytest
from governance.errors import GovernanceError

from operations.finding import ACTIONS, permitted, read_finding
from tests.operations.remediate.world import finding


def test_the_id_is_of_what_was_found_and_not_of_when_or_how_much() -> None:
    later = finding(message="worse", issued="2026-12-01T00:00:00Z", evidence={"p95Ms": 90.0})

    assert later.id == finding().id
    assert len({finding().id, finding("energy-regression").id, finding(day=2).id}) == 3


@pytest.mark.parametrize(
    ("sources", "actions"),
    [
        (["device"], {"notify", "freeze"}),
        (["bill"], {"notify", "throttle", "scale-down"}),
        (["device", "bill"], {"notify", "throttle", "scale-down", "freeze"}),
        (["device", "edge"], set(ACTIONS)),
        (["person"], set(ACTIONS)),
    ],
)
def test_who_measured_decides_what_may_be_done(sources: list[str], actions: set[str]) -> None:
    assert permitted(finding(sources=sources)) == actions
    assert permitted(finding(sources=sources, allowedActions=[])) == {"notify"}


def test_a_finding_reads_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "finding.json"
    path.write_text(json.dumps(finding().to_dict()))

    assert read_finding(path) == finding()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "0" * 16}, "of another finding"),
        ({"colour": "red"}, "at colour"),
        ({"rule": "Bad Rule"}, "at rule"),
        ({"evidence": {"x": float("inf")}}, "finding.json"),
        ({"issued": "2026-12-01T00:00:00"}, "times need a zone"),
        ({"sources": []}, "at sources"),
        ({"sources": ["rumour"]}, "at sources"),
    ],
)
def test_a_file_that_is_no_finding_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "finding.json"
    path.write_text(json.dumps(finding().to_dict() | change))

    with pytest.raises(GovernanceError, match=message):
        read_finding(path)
