"""Selection of the version that answers a request: by header, by key, at random."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.edge.models.split import KEY_HEADER, TRACK_HEADER, Split


@pytest.mark.parametrize("track", ["stable", "canary"])
@pytest.mark.parametrize("percent", [0, 100])
def test_a_caller_may_name_the_track(track, percent):
    split = Split(percent, salt="digits")
    assert split.track([(TRACK_HEADER, track.encode())]) == track


def test_another_word_in_that_header_counts_for_nothing():
    assert Split(0, salt="digits").track([(TRACK_HEADER, b"both")]) == "stable"


@given(st.binary(min_size=1, max_size=300), st.floats(0, 100))
def test_the_same_key_gets_the_same_version_from_every_server(key, percent):
    headers = [(KEY_HEADER, key)]
    assert Split(percent, salt="a").track(headers) == Split(percent, salt="a").track(headers)


@given(st.binary(min_size=1, max_size=20), st.floats(0, 100), st.floats(0, 100))
def test_a_higher_percentage_only_adds_keys(key, one, other):
    low, high = sorted((one, other))
    headers = [(KEY_HEADER, key)]
    if Split(low, salt="a").track(headers) == "canary":
        assert Split(high, salt="a").track(headers) == "canary"


@pytest.mark.parametrize("headers", [lambda at: [(KEY_HEADER, b"%d" % at)], lambda _: []])
def test_the_share_is_kept(headers):
    split = Split(5, salt="digits", seed=1)
    found = sum(split.track(headers(at)) == "canary" for at in range(20_000))
    assert 850 < found < 1_150  # 5 standard deviations about 1,000


def test_models_do_not_share_their_first_users():
    keys = [[(KEY_HEADER, b"%d" % at)] for at in range(2_000)]
    one, other = Split(10, salt="a"), Split(10, salt="b")
    both = sum(one.track(key) == other.track(key) == "canary" for key in keys)
    assert both < 60  # 20 by chance
