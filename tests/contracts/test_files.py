"""Reading a file of a schema: a model, or one error that says what is wrong."""

import errno
import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.files import read_model, remove_written, write_whole


class Pair(BaseModel):
    """Two numbers."""

    values: tuple[int, int]


refused = DocumentError.advising("write it again")


def read(path: Path) -> Pair:
    return read_model(Pair, path, refused=refused, expected="a pair")


@pytest.mark.parametrize(
    ("name", "text"), [("a.yaml", "values: [1, 2]\n"), ("a.json", '{"values": [1, 2]}')]
)
def test_the_suffix_says_the_language(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    assert read(tmp_path / name).values == (1, 2)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (
            b"values: [1]\n",
            "values.1: got nothing; expected a value, in a pair. Next: write it again",
        ),
        (b"7\n", "got 7; expected a mapping, in a pair"),
        (b"values: [1, 2]\nvalues: []\n", "expected plain YAML"),
        (b"\xff\xfe", "codec can't decode"),
    ],
)
def test_what_is_wrong_is_one_error(tmp_path: Path, text: bytes, got: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(text)

    with pytest.raises(DocumentError) as caught:
        read(path)

    assert got in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"gone\.yaml: got .*No such file"):
        read(tmp_path / "gone.yaml")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("before", [None, b"old"])
def test_a_disk_that_takes_no_more_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, before: bytes | None
) -> None:
    path = tmp_path / "a.yaml"
    if before is not None:
        path.write_bytes(before)

    def full(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=str(path)) as caught:
        write_whole(path, b"new")

    assert (caught.value.errno, caught.value.filename) == (code, str(path))
    assert [item.read_bytes() for item in tmp_path.iterdir()] == (
        [] if before is None else [b"old"]
    )


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(path, b"new")

    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert path.is_fifo()


def test_a_staged_file_that_stays_is_named_with_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def immutable(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", immutable)
    with pytest.raises(DocumentError) as caught:
        remove_written(tmp_path / "staged.yaml", to=tmp_path / "dev.yaml")

    assert "dev.yaml has been written" in str(caught.value)
    assert "unchanged" not in str(caught.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_device_that_takes_nothing_is_named() -> None:
    with pytest.raises(OSError, match="/dev/full") as caught:
        write_whole(Path("/dev/full"), b"new")

    assert caught.value.errno == errno.ENOSPC
