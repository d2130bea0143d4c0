import gzip
import hashlib
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.model_build import datasets
from mobile_ai.model_build.data import build_rows
from mobile_ai.model_build.errors import DataError, ModelBuildError, RecipeError, need
from mobile_ai.model_build.fetch import fetch, read_members
from mobile_ai.model_build.lock import LockedSource, load_lock, locked
from mobile_ai.model_build.recipe import RECIPES, load_recipe
from mobile_ai.model_build.rows import Rows


@pytest.fixture
def source(tmp_path):
    """Return a locked wheel that is already in the cache."""
    wheel = tmp_path / "sample-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("sample/a.csv", "1,2")
        archive.writestr("sample/more/b.csv", "3,4")
        archive.writestr("sample/__init__.py", "raise SystemExit('imported')")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    place = tmp_path / digest[:16] / wheel.name
    place.parent.mkdir()
    wheel.rename(place)
    return LockedSource(
        package="sample",
        version="1.0",
        wheel=wheel.name,
        sha256=digest,
        paths=("sample/a.csv", "sample/more/*"),
        reader="mnist",
        licence="MIT",
    )


def test_members_are_read_without_importing_the_wheel(source, tmp_path):
    found = read_members(source, cache=tmp_path)
    assert found == {"sample/a.csv": b"1,2", "sample/more/b.csv": b"3,4"}


def test_a_changed_wheel_in_the_cache_is_refused(source, tmp_path):
    place = tmp_path / source.sha256[:16] / source.wheel
    place.write_bytes(place.read_bytes() + b"x")
    with pytest.raises(DataError, match="as locked"):
        fetch(source, cache=tmp_path)


@pytest.mark.parametrize("path", ["sample/none.csv", "sample/none/*"])
def test_a_file_that_is_not_in_the_wheel_is_named(source, tmp_path, path):
    with pytest.raises(DataError, match="no such file"):
        read_members(source.model_copy(update={"paths": (path,)}), cache=tmp_path)


def test_a_file_too_large_to_be_sample_data_is_refused(source, tmp_path, monkeypatch):
    monkeypatch.setattr("mobile_ai.model_build.fetch.MAX_MEMBER_BYTES", 2)
    with pytest.raises(DataError, match="at most 2 bytes"):
        read_members(source, cache=tmp_path)


def test_a_data_set_that_is_not_locked_is_refused_with_the_ones_that_are():
    with pytest.raises(DataError, match="mnist-5k"):
        locked("imagenet")


def test_every_locked_source_is_pinned_by_digest_and_has_a_licence():
    for name, each in load_lock().items():
        assert len(each.sha256) == 64, name
        assert each.licence
        assert each.reader == "file" or each.reader in datasets.READERS


def test_an_unknown_field_in_the_lock_is_refused(tmp_path):
    lock = tmp_path / "data.lock.yaml"
    lock.write_text("sources: {}\nurl: somewhere\n")
    with pytest.raises(DataError, match="url"):
        load_lock(lock)


def test_mnist_rows_become_images_between_zero_and_one():
    line = ",".join(["0"] * 783 + ["255", "7"])
    rows = datasets.mnist({"x": gzip.compress(f"{line}\n{line}\n".encode())})
    assert rows.inputs["image"].shape == (2, 28, 28, 1)
    assert rows.inputs["image"].max() == 1.0
    assert rows.labels.tolist() == [7, 7]


SERIES = b"@problemName x\n@classLabel true walk run\n@data\n1,2:3,4:5,6:run\n7,8:9,1:2,3:walk\n"


def test_time_series_have_time_then_channels_and_the_declared_class_numbers():
    rows = datasets.japanese_vowels({"a.ts": SERIES})
    assert rows.inputs["cepstrum"][0].tolist() == [[0.5, 1.5, 2.5], [1, 2, 3]]
    assert rows.labels.tolist() == [1, 0]


def talk(*texts):
    return ("conversations:\n- - " + "\n  - ".join(texts) + "\n").encode()


def test_a_message_in_two_languages_or_twice_never_reaches_two_splits():
    rows = datasets.messages(
        {
            "c/data/dutch/a.yml": talk("goede morgen", "hello there", "GOEDE  morgen"),
            "c/data/english/a.yml": talk("hello there", "good morning"),
        }
    )
    assert sorted(rows.labels.tolist()) == [0, 1]


@given(st.text(max_size=200))
def test_every_message_fits_the_input_and_its_padding_is_zero(text):
    codes = datasets.encode_message(text)
    length = len(" ".join(text.lower().split()).encode()[:64])
    assert codes.shape == (64,)
    assert not codes[length:].any()


COLUMNS = (
    ",age,workclass,education,education-num,marital-status,occupation,relationship,"
    "ethnicity,gender,capital-gain,capital-loss,hours-per-week,loan"
)
PEOPLE = (
    "0,39, State-gov, BSc,13, Single, Clerk, Other, White, Male,2174,0,40, <=50K",
    "1,52, Private, HS-grad,9, Married, Cook, Wife, Black, Female,0,0,99, >50K",
)
CENSUS = "\n".join((COLUMNS, *PEOPLE))


def test_sex_and_what_gives_it_away_are_groups_and_no_inputs():
    rows = datasets.adult({"census.csv": CENSUS.encode()})
    features = {name.split("=")[0] for name in rows.features["profile"]}
    assert not features & {"gender", "ethnicity", "relationship", "marital-status"}
    assert rows.groups["sex"].tolist() == ["Male", "Female"]
    assert rows.groups["age"].tolist() == ["30-49", "50-and-over"]
    assert rows.labels.tolist() == [0, 1]


def test_every_encoded_feature_lies_between_zero_and_one():
    profile = datasets.adult({"census.csv": CENSUS.encode()}).inputs["profile"]
    assert profile.min() >= 0
    assert profile.max() <= 1
    assert profile.dtype == np.float32


def test_a_missing_extra_names_the_command_that_installs_it():
    with pytest.raises(ModelBuildError, match=r"pip install 'mobile-ai-delivery\[build\]'$"):
        need("a_module_that_nobody_wrote")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"evaluation": {"attributes": ["gender", "race"]}}, "evaluation.attributes: .*gender"),
        ({"gates": [{"gate": "fairness-regression", "attribute": "gender", "limit": 1}]}, "gates"),
    ],
)
def test_an_attribute_that_no_row_has_is_refused_before_training(change, message, tmp_path):
    values = read_yaml((RECIPES / "offer.yaml").read_text(), name="offer.yaml")
    for field, value in change.items():
        values[field] = values[field] | value if isinstance(value, dict) else value
    path = tmp_path / "offer.yaml"
    path.write_text(dump_yaml(values))
    with pytest.raises(RecipeError, match=f"{message}.*expected one of age, race, sex"):
        build_rows(load_recipe(path))


@pytest.mark.parametrize("reader", sorted(datasets.READERS))
def test_every_reader_states_the_encoding_of_its_inputs(reader):
    assert set(datasets.ENCODINGS) == set(datasets.READERS)
    assert all(
        item.range is not None or item.divisor is not None
        for item in datasets.ENCODINGS[reader].values()
    )


def test_only_locked_data_sets_have_a_known_encoding():
    assert datasets.encodings_of("mnist-5k")["image"].range == (0.0, 1.0)
    assert datasets.encodings_of("data of one's own") == {}


def test_held_out_rows_with_inputs_that_training_has_too_are_counted():
    def rows(*values, label=0):
        return Rows(
            inputs={"x": np.array(values, dtype=np.float32)[:, None]},
            labels=np.full(len(values), label, dtype=np.int64),
        )

    held_out = rows(1, 2, 2, 3, label=1)
    assert held_out.repeated_from([rows(2), rows(3, 9)]) == 3
    assert held_out.repeated_from([]) == 0
