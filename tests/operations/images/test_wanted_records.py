"""Images that the roots demand a signed record of: those that have none are listed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.operations.images.wanted_records import wanted_records
from mobile_ai.stack.load import load_file
from mobile_ai.stack.reader import read_stack_file
from mobile_ai.testing import Signers, make_trust_text
from tests.gate.requests import Request
from tests.image_records import image_record

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SIGNERS = Signers.shared()


@pytest.fixture
def request_of(tmp_path: Path) -> Request:
    """A repository whose roots name a signer for the image of the registry."""
    made = Request(tmp_path)
    repository = made.get("images", "mlflow").partition("@")[0]

    def sign(document: dict[str, Any]) -> None:
        bounds = document["stacks"]["dev"]["bounds"]
        bounds["images"] = {name: {} for name in bounds["images"]}
        bounds["images"][repository] = {"signer": "image-builder"}

    made.document(sign, "policy-pack/stacks.yaml")
    (tmp_path / "policy-pack/trust/dev.yaml").write_text(make_trust_text(SIGNERS))
    return made


def put(made: Request, text: str, name: str = "mlflow") -> None:
    folder = made.root / "images/dev"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(text)


def test_an_image_without_a_record_is_listed_with_the_command(request_of: Request) -> None:
    (wanted,) = wanted_records(request_of.root, "dev", now=NOW)

    assert wanted.reference == request_of.get("images", "mlflow")
    assert "mobile-ai record new image --for dev" in str(wanted)


def test_a_record_that_counts_is_enough_and_travels_in_the_plan(request_of: Request) -> None:
    put(request_of, image_record(request_of.get("images", "mlflow"), SIGNERS))
    put(request_of, image_record(f"other/image@sha256:{'b' * 64}", SIGNERS), "other")

    assert wanted_records(request_of.root, "dev", now=NOW) == []
    inputs = load_file(read_stack_file(request_of.file), root=request_of.root, stack="dev")
    carried = [item.name for item in inputs.records if item.name.startswith("images/")]
    assert carried == ["images/dev/mlflow.yaml"]


@pytest.mark.parametrize(
    "more", [{"role": "pipeline"}, {"issued": "2026-12-02"}], ids=["role", "tomorrow"]
)
def test_a_record_that_does_not_count_is_none(request_of: Request, more: dict[str, str]) -> None:
    put(request_of, image_record(request_of.get("images", "mlflow"), SIGNERS, **more))

    assert len(wanted_records(request_of.root, "dev", now=NOW)) == 1


def test_nobody_is_asked_where_the_roots_name_no_signer(tmp_path: Path) -> None:
    made = Request(tmp_path)

    assert wanted_records(made.root, "dev", now=NOW) == []
