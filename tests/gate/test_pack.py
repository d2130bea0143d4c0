"""The digest of the pack covers every file that could change its verdicts."""

import pytest

from mobile_ai.gate.engine.pack import pack_digest, pack_version
from mobile_ai.gate.errors import GateError


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


def test_link_is_refused(pack):
    (pack / "trust.yaml").symlink_to("/etc/hostname")
    with pytest.raises(GateError, match="got a link"):
        pack_digest(pack)


def test_version_is_that_of_the_pack_file(pack):
    assert pack_version(pack) == "1.2.3"


@pytest.mark.parametrize("text", ["name: p\n", "version: 1.2\n", "a: [", "- a\n"])
def test_pack_without_a_version_is_refused(pack, text):
    (pack / "PulumiPolicy.yaml").write_text(text)
    with pytest.raises(GateError, match="Next: restore the file"):
        pack_version(pack)
