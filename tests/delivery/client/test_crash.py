"""A power failure at every step of an update leaves a whole model."""

import pytest

from tests.delivery.crashes import crash_everywhere


@pytest.mark.slow
def test_a_crash_at_any_step_leaves_a_whole_model_and_heals(tmp_path):
    found = crash_everywhere(tmp_path)
    assert len(found) >= 30
    assert all(item["killed"] for item in found)
    assert {item["left"] for item in found} == {"1.0.0", "1.1.0"}
    assert [item for item in found if not (item["whole"] and item["healed"])] == []
