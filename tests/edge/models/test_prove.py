"""First load of a file, in a process that may crash."""

import pytest

from mobile_ai.delivery.errors import SelfTestError
from mobile_ai.edge.models.load_check import Prover
from tests.edge.models.world import in_loop, opened, reason, scaled, settings


@in_loop
async def test_a_file_that_kills_its_loader_is_refused(git, tmp_path):
    git.add("1.0.0", b"no model at all", 2.0)

    async with opened(settings(tmp_path)) as table:
        assert not table.ready()
        assert "exit code 1" in reason(table)


def test_a_model_is_loaded_apart_once(tmp_path, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(scaled(2.0))
    prover = Prover()
    prover.require(path)
    monkeypatch.setattr("mobile_ai.edge.models.load_check.run_apart", None)
    prover.require(path)


def test_another_format_is_refused(tmp_path):
    with pytest.raises(SelfTestError, match="expected format onnx"):
        Prover().answers(tmp_path / "model", "tflite", ())
