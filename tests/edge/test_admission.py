"""API keys, quotas and the budget's throttle."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.edge.admission import Admission, Bucket, KeyFile, Quota, ThrottleFile, hash_key
from mobile_ai.edge.errors import FORBIDDEN, TOO_MANY, UNAUTHENTICATED, RefusedError
from mobile_ai.edge.file_watcher import FileError, Watched


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def write(path: Path, value: object) -> Path:
    """Replace a file as a mounted volume does: by another inode."""
    other = path.with_suffix(".new")
    other.write_text(value if isinstance(value, str) else json.dumps(value))
    other.replace(path)
    return path


def keys(path: Path) -> Watched[KeyFile]:
    listed = [
        {"client": "app", "sha256": hash_key(b"secret-1")},
        {"client": "ops", "sha256": hash_key(b"secret-2"), "operator": True},
    ]
    return Watched(write(path / "keys.json", {"keys": listed}), KeyFile)


def refusal(admission: Admission, credential: bytes | None, address: str = "a") -> int:
    with pytest.raises(RefusedError) as refused:
        admission.admit(credential, address)
    assert "secret" not in refused.value.message
    return refused.value.status


def test_everybody_comes_in_where_nothing_is_configured() -> None:
    admission = Admission()
    assert admission.open
    admission.admit(None, "anybody")


@pytest.mark.parametrize("credential", [b"secret-1", b"Bearer secret-1", b"bearer secret-2"])
def test_an_accepted_key_comes_in(tmp_path: Path, credential: bytes) -> None:
    Admission(keys=keys(tmp_path)).admit(credential, "a")


@pytest.mark.parametrize("credential", [None, b"", b"Bearer ", b"secret-3", b"Basic secret-1"])
def test_any_other_key_does_not(tmp_path: Path, credential: bytes | None) -> None:
    assert refusal(Admission(keys=keys(tmp_path)), credential) == UNAUTHENTICATED


def test_only_an_operator_changes_what_is_served(tmp_path: Path) -> None:
    admission = Admission(keys=keys(tmp_path))
    admission.operate(b"secret-2")
    for candidate in (admission, Admission()):
        with pytest.raises(RefusedError) as refused:
            candidate.operate(b"secret-1")
        assert refused.value.status == FORBIDDEN


def test_each_client_has_its_own_quota(tmp_path: Path) -> None:
    clock = Clock()
    quota = Quota(requests_per_second=2, burst=2)
    admission = Admission(keys=keys(tmp_path), quota=quota, clock=clock)
    for _ in range(2):
        admission.admit(b"secret-1", "a")
    assert refusal(admission, b"secret-1") == TOO_MANY
    admission.admit(b"secret-2", "a")
    clock.now += 0.5
    admission.admit(b"secret-1", "a")
    assert refusal(admission, b"secret-1") == TOO_MANY


def test_many_addresses_are_not_remembered_for_ever() -> None:
    admission = Admission(quota=Quota(requests_per_second=1), clock=Clock())
    for number in range(10_050):
        admission.admit(None, f"client-{number}")
    assert len(admission._buckets) == 10_000


def test_the_throttle_follows_its_file(tmp_path: Path) -> None:
    clock = Clock()
    path = write(tmp_path / "throttle.json", {"requestsPerSecond": 1})
    admission = Admission(throttle=Watched(path, ThrottleFile), clock=clock)
    admission.admit(None, "a")
    with pytest.raises(RefusedError) as refused:
        admission.admit(None, "b")
    assert (refused.value.status, refused.value.retry_after) == (TOO_MANY, 1)
    write(path, {"requestsPerSecond": 100})
    assert admission.throttle is not None
    assert admission.throttle.poll()
    admission.apply()
    for _ in range(100):
        admission.admit(None, "b")
    assert refusal(admission, None) == TOO_MANY


def test_a_budget_of_zero_lets_nobody_in(tmp_path: Path) -> None:
    path = write(tmp_path / "throttle.json", {"requestsPerSecond": 0})
    assert refusal(Admission(throttle=Watched(path, ThrottleFile)), None) == TOO_MANY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"requestsPerSecond": -1}',
        '{"requestsPerSecond": NaN}',
        '{"rps": 1}',
        "1" * 2**20,
    ],
    ids=lambda text: text[:24],
)
def test_an_unusable_file_leaves_the_last_in_force_and_stops_a_start(
    tmp_path: Path, text: str
) -> None:
    path = write(tmp_path / "throttle.json", {"requestsPerSecond": 7})
    watched = Watched(path, ThrottleFile)
    write(path, text)
    with pytest.raises(FileError, match=r"throttle\.json"):
        watched.poll()
    assert watched.content is not None
    assert watched.content.requestsPerSecond == 7
    assert watched.errors == 1
    assert not watched.poll()
    with pytest.raises(FileError):
        Watched(path, ThrottleFile)


def test_a_missing_file_stops_a_start(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        Watched(tmp_path / "none", ThrottleFile)


def test_a_throttle_may_come_later(tmp_path: Path) -> None:
    path = tmp_path / "throttle.json"
    admission = Admission(throttle=Watched(path, ThrottleFile, optional=True), clock=Clock())
    assert admission.throttle is not None
    assert not admission.throttle.poll()
    assert admission.open
    write(path, {"requestsPerSecond": 0})
    assert admission.throttle.poll()
    admission.apply()
    assert refusal(admission, None) == TOO_MANY


def test_a_volume_that_changes_by_a_link_is_seen(tmp_path: Path) -> None:
    for number in (1, 2):
        write(tmp_path / f"{number}.json", {"requestsPerSecond": number})
        os.utime(tmp_path / f"{number}.json", (1, 1))
    link = tmp_path / "throttle.json"
    link.symlink_to("1.json")
    watched = Watched(link, ThrottleFile)
    other = tmp_path / "next"
    other.symlink_to("2.json")
    other.replace(link)
    assert watched.poll()
    assert watched.content is not None
    assert watched.content.requestsPerSecond == 2


@given(
    rate=st.floats(0.1, 100),
    burst=st.floats(1, 50),
    pauses=st.lists(st.floats(0, 2), min_size=1, max_size=80),
)
def test_a_bucket_gives_no_more_than_its_rate_and_burst(
    rate: float, burst: float, pauses: list[float]
) -> None:
    now, taken = 0.0, 0
    bucket = Bucket(rate, burst, now)
    for pause in pauses:
        now += pause
        wait = bucket.take(now)
        assert wait >= 0
        taken += wait == 0
    assert taken <= burst + rate * now + 1e-6
