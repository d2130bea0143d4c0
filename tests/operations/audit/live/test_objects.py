"""Objects in the delivery bucket, compared with the releases."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.operations.audit.contract import Author
from mobile_ai.operations.audit.live.objects import objects_released, objects_unchanged
from mobile_ai.operations.audit.live.releases import released_objects
from mobile_ai.operations.audit.live.trail import no_trail
from tests.operations.audit.support import got, only, resource, told

ROOT = Path(__file__).parents[4]
MODEL = b"the bytes of a model"
OBJECT = resource(
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "model",
    {
        "bucket": "models",
        "key": "targets/x",
        "metadata": {"sha256": hashlib.sha256(MODEL).hexdigest()},
    },
)


@pytest.mark.parametrize(
    ("body", "message"),
    [(MODEL, None), (b"other bytes", "sha256 "), (None, "no object")],
)
def test_a_swapped_object_is_found(aws: Any, body: bytes | None, message: str | None) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="models")
    if body is not None:
        # What an object says of itself is no proof: the swapped one says the same.
        s3.put_object(
            Bucket="models", Key="targets/x", Body=body, Metadata=OBJECT.props["metadata"]
        )

    found = got(objects_unchanged(s3, no_trail), only(OBJECT))

    assert len(found) == (message is not None)
    assert message is None or found[0].startswith(message)


@pytest.mark.parametrize(("body", "found"), [(b"a patch", 0), (MODEL, 1)])
def test_a_patch_is_compared_with_its_own_name(aws: Any, body: bytes, found: int) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="models")
    key = f"targets/{hashlib.sha256(b'a patch').hexdigest()}.x.from-1.0.0.mdp"
    s3.put_object(Bucket="models", Key=key, Body=body)
    patch = replace(OBJECT, props={**OBJECT.props, "key": key})  # its metadata are the model's

    assert len(got(objects_unchanged(s3, no_trail), only(patch))) == found


def versioned(s3: Any) -> None:
    s3.create_bucket(Bucket="models")
    enabled = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="models", VersioningConfiguration=enabled)


def test_when_an_object_was_swapped_is_known_and_by_whom_is_not(aws: Any) -> None:
    s3 = aws("s3")
    versioned(s3)
    s3.put_object(Bucket="models", Key="targets/x", Body=MODEL)
    s3.put_object(Bucket="models", Key="targets/x", Body=b"other")
    s3.put_object(Bucket="models", Key="targets/xy", Body=b"beside it")
    head = s3.head_object(Bucket="models", Key="targets/x")["LastModified"]

    sentence = told(objects_unchanged(s3, no_trail), only(OBJECT))

    assert sentence == (
        f"last changed by not known, {head:%Y-%m-%dT%H:%M:%SZ} (S3, a version); S3 records no "
        "writer, and the bucket has no access log"
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (versioned, "(S3, a deletion)"),
        (lambda s3: s3.create_bucket(Bucket="models"), "the object has no version"),
    ],
)
def test_when_an_object_was_deleted_is_known_if_versions_are_kept(
    aws: Any, make: Any, sentence: str
) -> None:
    s3 = aws("s3")
    make(s3)
    s3.put_object(Bucket="models", Key="targets/x", Body=MODEL)
    s3.delete_object(Bucket="models", Key="targets/x")

    assert sentence in told(objects_unchanged(s3, no_trail), only(OBJECT))


def test_who_deleted_a_bucket_is_asked_of_the_trail(aws: Any) -> None:
    asked = []

    def last(*question: Any) -> Author:
        asked.append(question)
        return Author(who="ada")

    assert told(objects_unchanged(aws("s3"), last), only(OBJECT)) == "last changed by ada"
    assert asked == [("models", ("DeleteBucket",))]


OLD = b"an older release's bytes"
OLD_KEY = f"targets/{hashlib.sha256(OLD).hexdigest()}.old.tflite"
RELEASED = {OLD_KEY: hashlib.sha256(OLD).hexdigest()}


def filled(s3: Any, **objects: bytes) -> Any:
    """Return the check of a bucket that contains the deployed objects and some more."""
    s3.create_bucket(Bucket="models")
    for key, body in {"targets/x": MODEL, "metadata/timestamp.json": b"{}", **objects}.items():
        s3.put_object(Bucket="models", Key=key, Body=body)
    return objects_released(s3, lambda: RELEASED, no_trail)


def test_what_older_releases_left_is_no_stranger(aws: Any) -> None:
    assert got(filled(aws("s3"), **{OLD_KEY: OLD}), only(OBJECT)) == []


def test_bytes_of_an_older_release_that_were_swapped_are_found(aws: Any) -> None:
    (found,) = got(filled(aws("s3"), **{OLD_KEY: b"other"}), only(OBJECT))

    assert found.startswith("sha256 ")


def test_an_object_that_no_release_names_is_found_with_its_time(aws: Any) -> None:
    check = filled(aws("s3"), **{"targets/y": MODEL})

    (found,) = check.look(only(OBJECT))

    assert (found.finding.what, found.denies) == ("s3://models/targets/y", True)
    assert found.finding.got == "an object that no release names"
    assert "(S3, a version)" in told(check, only(OBJECT))


def test_many_strangers_are_counted(aws: Any) -> None:
    s3 = aws("s3")
    check = filled(s3, **{f"junk/{number:04}": b"" for number in range(1030)})  # beyond a page

    found = got(check, only(OBJECT))

    assert (len(found), found[-1]) == (21, "1010 more objects that no release names")


@pytest.mark.parametrize("resources", [(), (OBJECT,)])
def test_without_objects_or_bucket_there_is_no_stranger(aws: Any, resources: Any) -> None:
    check = objects_released(aws("s3"), lambda: RELEASED, no_trail)

    assert got(check, only(*resources)) == []


def test_every_document_of_a_real_release_is_known_with_what_it_names() -> None:
    found = released_objects(ROOT, "dev")

    folder = ROOT / "releases" / "dev"
    files = [path for path in folder.rglob("*") if path.is_file() and "staged" not in path.parts]
    assert files
    for path in files:  # every file of the folder is served; artifacts are in models/
        key = path.relative_to(folder).as_posix()
        assert found[key] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert any(key.endswith(".tflite") for key in found)
    assert released_objects(ROOT, "prod") == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"signed": {"_type": "targets"}}'])
def test_a_document_that_is_none_stops_the_check(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "releases" / "dev"
    shutil.copytree(ROOT / "releases" / "dev", folder)
    (folder / "metadata" / "2.models.json").write_text(text)

    with pytest.raises(DocumentError, match=r"2\.models\.json"):
        released_objects(tmp_path, "dev")


def test_versions_of_one_role_all_count(tmp_path: Path) -> None:
    folder = tmp_path / "releases" / "dev" / "metadata"
    folder.mkdir(parents=True)
    for version, digest in ((1, "a" * 64), (2, "b" * 64)):
        target = {"hashes": {"sha256": digest}, "length": 1}
        signed = {"_type": "targets", "targets": {f"{version}.tflite": target}}
        (folder / f"{version}.models.json").write_text(json.dumps({"signed": signed}))

    keys = {key for key in released_objects(tmp_path, "dev") if key.startswith("targets/")}

    assert keys == {f"targets/{'a' * 64}.1.tflite", f"targets/{'b' * 64}.2.tflite"}
