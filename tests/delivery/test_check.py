"""Embedded models run on this machine: real models in the real runtimes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.cli.main import main
from mobile_ai.delivery.check import check_model
from mobile_ai.delivery.client import selftest
from mobile_ai.delivery.errors import ReleaseError, SelfTestError
from mobile_ai.delivery.repository.release import RepositoryPaths

ROOT = Path(__file__).parents[2]
PLACES = RepositoryPaths(root=ROOT, stack="dev")
ARTIFACTS = ROOT / "models/digits/1.1.0/artifacts"


def check(**changes: Any) -> Any:
    return check_model(PLACES, app="field-assistant", model="digits", runs=20, **changes)


@pytest.mark.parametrize("variant", ["int8", "int8-onnx"])
def test_a_variant_answers_as_approved_and_is_timed(variant: str) -> None:
    found = check(variant=variant)

    assert (found.version, found.cases, found.runs) == ("1.1.0", 3, 20)
    assert 0 < found.p50_ms <= found.p95_ms
    assert found.to_dict()["ratio"] == pytest.approx(found.p50_ms / found.stated_p50_ms, abs=1e-3)


@pytest.mark.parametrize("version", ["1.1.0", "1.0.0"])
def test_what_is_embedded_is_the_pinned_version_s_or_the_previous_one_s(
    version: str, tmp_path: Path
) -> None:
    packed = tmp_path / "anything.tflite"
    shutil.copy(ROOT / f"models/digits/{version}/artifacts/digits-int8.tflite", packed)

    found = check(embedded=packed)

    assert (found.version, found.variant) == (version, "int8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variant": "coreml"}, "got no self-test"),
        ({"variant": "huge"}, "no such variant"),
        ({"embedded": ROOT / "README.md"}, "an artifact of digits-1.1.0 or digits-1.0.0"),
        ({"embedded": ROOT / "nowhere.tflite"}, "expected a model file"),
    ],
)
def test_what_cannot_be_run_is_an_error(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ReleaseError, match=message):
        check(**change)


def test_another_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def off(*arguments: Any) -> list[list[float]]:
        return [[number + 100 for number in answer] for answer in selftest.run_apart(*arguments)]

    monkeypatch.setattr("mobile_ai.delivery.check.run_apart", off)

    with pytest.raises(SelfTestError, match="an answer 100 off"):
        check(variant="int8")


def command(*arguments: str) -> int:
    stack = ("--stack", "dev", "--app", "field-assistant", "--model", "digits")
    with pytest.raises(SystemExit) as ended:
        main(["device", "check", *stack, "--root-dir", str(ROOT), "--runs", "20", *arguments])
    return int(ended.value.code or 0)


def test_the_command_prints_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--embedded", str(ARTIFACTS / "digits-int8.tflite"), "--json") == 0

    printed = json.loads(capsys.readouterr().out)
    assert set(printed) >= {"version", "variant", "p50_ms", "p95_ms", "ratio", "stated_p95_ms"}


def test_a_model_that_does_not_answer_as_approved_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mobile_ai.delivery.check.run_apart", lambda *_: [[0.0] * 10] * 3)

    assert command("--variant", "int8") == 1
    assert "self-test: got an answer" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("--variant", "int8", "--embedded", "x")])
def test_one_of_file_and_variant_is_needed(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*arguments) == 2
    assert "expected --embedded or --variant" in capsys.readouterr().err
