"""Generated files agree with what they are generated from."""

from __future__ import annotations

import pytest

from tests.tools.generate import GENERATED, ROOT


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_generated_file_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text() == GENERATED[name](), f"{name} is stale: run `make docs`"
