"""The digest of the pack covers every file that could change its verdicts."""

import shutil
from pathlib import Path

import pytest

from mobile_ai.gate.engine.pack import NO_SOURCE, pack_digest, pack_files, pack_version
from mobile_ai.gate.errors import GateError

PACK = Path(__file__).parents[2] / "policy-pack"
# One file of every kind that judging loads; the rest of the pack is of the same kinds.
LOADED = {
    "PulumiPolicy.yaml": "PulumiPolicy.yaml",
    "__main__.py": "__main__.py",
    "stacks.yaml": "stacks.yaml",
    "config/*.json": "config/dev.json",
    "trust/*.yaml": "trust/dev.yaml",
    "rego/*.rego": "rego/deployments.rego",
    "waivers/*": "waivers/dev/late.dsse.json",
    "mobile_ai/contracts/*.py": "mobile_ai/contracts/trust.py",
    "mobile_ai/contracts/data/*.json": "mobile_ai/contracts/data/regions.json",
    "mobile_ai/governance/*.py": "mobile_ai/governance/rules/money.py",
    "mobile_ai/governance/opa/*.go": "mobile_ai/governance/opa/main.go",
    "mobile_ai/governance/opa/go.*": "mobile_ai/governance/opa/go.sum",
    "mobile_ai/governance/opa/*.json": "mobile_ai/governance/opa/input.schema.json",
    "mobile_ai/gobuild/*.py": "mobile_ai/gobuild/cache.py",
    "mobile_ai/governance/data/*": "mobile_ai/governance/data/aws-taggable.txt",
    "mobile_ai/pricing/*.py": "mobile_ai/pricing/estimate.py",
    "mobile_ai/pricing/prices/*.json": "mobile_ai/pricing/prices/current.json",
}
NOT_LOADED = ("config/schema.json", "requirements.txt", "mobile_ai/governance/py.typed")


@pytest.fixture
def pack(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "PulumiPolicy.yaml").write_text("name: p\nversion: 1.2.3\n")
    (tmp_path / "rules" / "a.py").write_text("RULES = ()\n")
    return tmp_path


def test_same_files_have_the_same_digest(pack):
    assert pack_digest(pack) == pack_digest(pack)
    assert len(pack_digest(pack)) == 64


@pytest.mark.parametrize(
    "change",
    [
        lambda pack: (pack / "rules" / "a.py").write_text("RULES = 1\n"),
        lambda pack: (pack / "rules" / "a.py").rename(pack / "rules" / "b.py"),
        lambda pack: (pack / "trust.yaml").write_text(""),
        lambda pack: (pack / "rules" / "a.py").unlink(),
    ],
)
def test_any_change_of_a_file_changes_the_digest(pack, change):
    before = pack_digest(pack)
    change(pack)
    assert pack_digest(pack) != before


def test_what_tools_leave_behind_does_not_count(pack):
    before = pack_digest(pack)
    (pack / "rules" / "__pycache__").mkdir()
    (pack / "rules" / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert pack_digest(pack) == before


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(PACK, tmp_path / "pack", ignore=shutil.ignore_patterns(*NO_SOURCE))


def grown(pack, name):
    path = pack / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + "\n")


@pytest.mark.parametrize("name", [*LOADED.values(), "yaml.py", "README.md"])
def test_a_file_of_each_kind_that_judging_loads_changes_the_digest(copy, name):
    before = pack_digest(copy)
    grown(copy, name)
    assert pack_digest(copy) != before


@pytest.mark.parametrize("name", NOT_LOADED)
def test_a_file_that_judging_never_opens_does_not(copy, name):
    before = pack_digest(copy)
    grown(copy, name)
    assert pack_digest(copy) == before


def test_every_file_of_the_pack_is_of_a_known_kind(copy):
    names = {path.relative_to(copy): None for path in copy.rglob("*") if path.is_file()}
    covered = {path.relative_to(copy) for path in pack_files(copy)}

    assert {path.as_posix() for path in names.keys() - covered} == set(NOT_LOADED)
    rooms = {kind.removesuffix("*.py") for kind in LOADED if kind.endswith("/*.py")}
    for path in covered:
        of_room = path.suffix == ".py" and any(map(path.as_posix().startswith, rooms))
        assert of_room or any(map(path.match, LOADED)), path


def test_link_is_refused(pack):
    (pack / "trust.yaml").symlink_to("/etc/hostname")
    with pytest.raises(GateError, match="got a link"):
        pack_digest(pack)


def test_version_is_that_of_the_pack_file(pack):
    assert pack_version(pack) == "1.2.3"


@pytest.mark.parametrize("text", ["name: p\n", "version: 1.2\n", "a: [", "- a\n"])
def test_pack_without_a_version_is_refused(pack, text):
    (pack / "PulumiPolicy.yaml").write_text(text)
    with pytest.raises(GateError, match=r"PulumiPolicy\.yaml.*: got .* Next: (restore|fix)"):
        pack_version(pack)
