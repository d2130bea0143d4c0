"""Attempts to bypass the pack, each refused under the real engine."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mobile_ai.testing import Scene
from tests.cases import always
from tests.governance.engine.attempts import PLANS
from tests.governance.engine.project import Project
from tests.governance.engine.test_engine import denied, plan

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("policy-engine")]


@pytest.fixture
def pack(project: Project, scene: Scene) -> Iterator[Path]:
    """Return the pack's folder, restored after the test."""
    project.write_plan(plan(scene))
    folder, kept = project.root / "pack", project.root / "kept"
    shutil.copytree(folder, kept)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
    kept.rename(folder)


def _missing(pack: Path) -> None:
    shutil.rmtree(pack)


def _crashes_at_start(pack: Path) -> None:
    (pack / "__main__.py").write_text("raise SystemExit(0)\n")


def _cannot_be_imported(pack: Path) -> None:
    (pack / "mobile_ai" / "governance" / "judge.py").write_text("syntax error here\n")


def _rule_raises(pack: Path) -> None:
    path = pack / "mobile_ai" / "governance" / "rules" / "residency.py"
    text = path.read_text()
    first = '    """Check the region of a deployment'
    assert text.count(first) == 1
    path.write_text(text.replace(first, f"    1 / 0\n{first}"))


def _config_unknown(pack: Path) -> None:
    (pack / "config" / "dev.json").write_text('{"rules": {"no-such-rule": {}}}')


def _config_broken(pack: Path) -> None:
    (pack / "config" / "dev.json").write_text("{")


def _stack_unlisted(pack: Path) -> None:
    (pack / "stacks.yaml").write_text("stacks: {}\n")


def _trust_missing(pack: Path) -> None:
    (pack / "trust" / "dev.yaml").unlink()


def _trust_elsewhere(pack: Path) -> None:
    text = (pack / "stacks.yaml").read_text()
    (pack / "stacks.yaml").write_text(text.replace("trust/dev.yaml", "../../Pulumi.yaml"))


def _trust_edited(pack: Path) -> None:
    path = pack / "trust" / "dev.yaml"
    path.write_text(path.read_text().replace("threshold: 1", "threshold: 2", 1))


_TAMPERED = (
    _missing,
    _crashes_at_start,
    _cannot_be_imported,
    _rule_raises,
    _config_unknown,
    _config_broken,
    _stack_unlisted,
    _trust_missing,
    _trust_elsewhere,
    _trust_edited,
)
_CONFIGS: tuple[dict[str, object], ...] = (
    {"all": "advisory"},
    {"all": "disabled"},
    {"data-residency": "disabled"},
)

# Of each kind of attempt; that the rules deny all of them is tests/governance/test_attempts.py's.
_SHOWN = (
    "forged signature",
    "replayed older manifest",
    "baseline left out of the plan",
    "second context with laxer facts",
    "waiver by the builder",
    "waiver for a look-alike URN",
    "look-alike type",
    "look-alike region",
    "dynamic resource",
    "registry in the bucket of somebody",
    "component of foreign code below a deployment",
    "explicit provider with foreign endpoints",
    "region as a secret",
    "share of a ring that is no number",
)


@pytest.mark.parametrize("break_", _TAMPERED)
def test_a_pack_that_was_tampered_with_lets_nothing_through(
    project: Project, pack: Path, break_: Callable[[Path], None]
) -> None:
    break_(pack)

    code, _, _ = project.preview()

    assert code != 0


@pytest.mark.parametrize("config", _CONFIGS, ids=str)
@pytest.mark.usefixtures("pack")
def test_a_config_on_the_command_line_cannot_lower_a_rule(
    project: Project, config: dict[str, object]
) -> None:
    code, events, said = project.preview(config=config)

    assert code != 0, said
    assert "stack-configured" in denied(events)


@pytest.mark.parametrize("name", always(_SHOWN, of=PLANS))
def test_a_plan_that_goes_around_a_rule_is_denied_by_name(
    project: Project, scene: Scene, name: str
) -> None:
    make, rule = PLANS[name]
    project.write_plan(make(scene))

    code, events, said = project.preview()

    assert code != 0, said
    assert rule in denied(events), said
    assert "Traceback" not in said


def test_there_are_attempts_enough() -> None:
    """Attempts against a whole gate run are counted in tests/e2e/test_bypass.py."""
    assert len(_TAMPERED) + len(_CONFIGS) + len(PLANS) >= 45
