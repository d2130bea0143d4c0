"""Files of the repository are read within bounds."""

from pathlib import Path

import pytest

from mobile_ai.stack.records import (
    MAX_RECORDS,
    RecordError,
    check_placed,
    load_records,
    read_below,
)


def test_records_come_by_name_with_their_text(tmp_path: Path) -> None:
    folder = tmp_path / "usage"
    folder.mkdir()
    (folder / "b.yaml").write_bytes(b"two: 2\r\n")
    (folder / "a.yaml").write_text("one: 1\n")
    (folder / "README.md").write_text("not a record")

    records = load_records(tmp_path, "usage")

    assert [(record.name, record.text) for record in records] == [
        ("usage/a.yaml", "one: 1\n"),
        ("usage/b.yaml", "two: 2\r\n"),
    ]


def test_a_folder_that_is_not_there_holds_no_records(tmp_path: Path) -> None:
    assert load_records(tmp_path, "policy-pack/waivers/dev") == []


def test_a_linked_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "usage").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "usage" / "a.yaml").symlink_to(tmp_path / "secret")

    with pytest.raises(RecordError, match="symbolic link"):
        load_records(tmp_path, "usage")


def test_a_folder_with_too_many_records_is_refused(tmp_path: Path) -> None:
    (tmp_path / "usage").mkdir()
    for index in range(MAX_RECORDS + 1):
        (tmp_path / "usage" / f"{index}.yaml").touch()

    with pytest.raises(RecordError, match=f"at most {MAX_RECORDS}"):
        load_records(tmp_path, "usage")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc/passwd", "not below models/"),
        ("models/../secret", "not below models/"),
        ("usage/a.yaml", "not below models/"),
        ("models/none.yaml", "no such file"),
        ("models/folder", "not a plain file"),
        ("models/large", "at most 1000000 bytes"),
        ("models/binary", "not UTF-8"),
    ],
)
def test_what_is_no_small_text_file_below_the_folder_is_refused(
    path: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "models" / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("x")
    (tmp_path / "models" / "large").write_bytes(b"x" * 1_000_001)
    (tmp_path / "models" / "binary").write_bytes(b"\xff\xfe")

    with pytest.raises(RecordError, match=reason):
        read_below(tmp_path, "models", path, key="key")


@pytest.mark.parametrize("place", ["Dev/r.yaml", "r.yaml", "old/staged/r.yml"])
def test_a_record_that_no_stack_reads_is_refused(tmp_path, place):
    path = tmp_path / "policy-pack/waivers" / place
    path.parent.mkdir(parents=True)
    path.write_text("a: b\n")

    with pytest.raises(RecordError, match="no stack reads"):
        check_placed(tmp_path, "policy-pack/waivers", {"dev", "prod"})


def test_folders_of_stacks_and_notes_are_no_stray_records(tmp_path):
    check_placed(tmp_path, "usage", {"dev"})
    for name in ("dev/app.yaml", "README.md", "old/notes.txt"):
        path = tmp_path / "usage" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: b\n")
    check_placed(tmp_path, "usage", {"dev"})
