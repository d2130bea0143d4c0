"""A pull request that changes data alone cannot talk the gate round."""

from pathlib import Path

import pytest

from tests.gate.data_attacks import ACCEPTED, FILE, FOUND, OUTSIDE
from tests.gate.requests import Request

ATTACKS = FOUND | OUTSIDE


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_denied_by_name(tmp_path: Path, name: str) -> None:
    stack, edit, rule = ATTACKS[name]
    request = Request(tmp_path, stack)
    edit(request)

    told = request.judge()

    assert rule in told.denied or (rule == FILE and told.problems), told
    assert "; expected " in told.text
    assert "Next: " in told.text


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_passes_is_listed_with_its_reason(tmp_path: Path, name: str) -> None:
    stack, edit, why = ACCEPTED[name]
    request = Request(tmp_path, stack)
    edit(request)

    assert why
    assert request.judge().passes


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_repository_as_it_is_passes(tmp_path: Path, stack: str) -> None:
    assert Request(tmp_path, stack).judge().passes


def test_there_are_attacks_enough() -> None:
    """Ten from the cases and at least thirty more, ten of them from the documentation alone."""
    assert len(FOUND) >= 30
    assert len(OUTSIDE) >= 10
