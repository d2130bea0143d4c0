"""Reading a file of a schema: a model, or one error that says what is wrong."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.files import read_model


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
        (b"values: [1]\n", "at values.1; expected a pair. Next: write it again"),
        (b"7\n", "at the top; expected a pair"),
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
