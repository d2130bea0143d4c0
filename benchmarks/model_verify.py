"""Share of changes to the sample versions that `mobile-ai model verify` detects."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks._row import Row
from mobile_ai.contracts.trust import load_trust
from mobile_ai.model_build.verify import verify_version
from tests.model_build.mutations import missed_mutations, mutations_of

__all__ = ["IDS", "rows"]

IDS: Final = ("model.verify_mutations_missed",)
_ENVIRONMENT: Final = "dev"


def rows() -> Iterator[Row]:
    """Corrupt every file and every manifest field of each sample, and count undetected cases."""
    text = Path(f"policy-pack/trust/{_ENVIRONMENT}.yaml").read_text("utf-8")
    trust = load_trust(text, environment=_ENVIRONMENT, now=datetime.now(UTC))

    def found(folder: Path) -> bool:
        return not verify_version(folder / "manifest.yaml", trust=trust).ok

    folders = sorted(path.parent for path in Path("models").glob("*/*/manifest.yaml"))
    missed: list[str] = []
    for folder in folders:
        if found(folder):
            raise ValueError(f"{folder} does not verify as it is: run `make model`")
        with tempfile.TemporaryDirectory() as scratch:
            missed += missed_mutations(folder, Path(scratch), found)
    yield Row(
        id="model.verify_mutations_missed",
        value=len(missed),
        unit="mutations",
        peer="0: every byte and every field counts",
        n=sum(1 for folder in folders for _ in mutations_of(folder)),
        note=f"{len(folders)} versions; " + (f"missed {missed[:3]}" if missed else "none missed"),
    )
