"""The shipped vocabulary covers every modality, and keeps what it said before."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.data_types import shipped_vocabulary
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.vocabulary import MODALITIES, PRIVACY_TIERS, TARGETS, tier_rank

SHIPPED = shipped_vocabulary()
names = st.lists(st.sampled_from(SHIPPED.names), min_size=1)


@pytest.mark.parametrize(
    ("name", "modality", "tier"),
    [
        ("camera-image", "vision", "GDPR_Personal"),
        ("document-image", "vision", "Internal"),
        ("face-image", "vision", "GDPR_Sensitive"),
        ("voice-audio", "audio", "GDPR_Sensitive"),
        ("ambient-audio", "audio", "GDPR_Personal"),
        ("message-text", "text", "GDPR_Personal"),
        ("motion-sensor", "motion", "GDPR_Personal"),
        ("customer-profile", "tabular", "GDPR_Personal"),
        ("biometric", "vision", "GDPR_Sensitive"),
        ("health", "tabular", "GDPR_Sensitive"),
        ("location", "tabular", "GDPR_Personal"),
        ("payment", "tabular", "GDPR_Personal"),
        ("purchase-history", "tabular", "GDPR_Personal"),
        ("barcode", "vision", "Internal"),
    ],
)
def test_shipped_type_has_its_modality_and_tier(name: str, modality: str, tier: str) -> None:
    assert modality in SHIPPED.modalities_of([name])
    assert SHIPPED.minimum_tier([name]) == tier


def test_every_modality_has_a_type() -> None:
    assert SHIPPED.modalities_of(SHIPPED.names) == set(MODALITIES)


def test_what_identifies_a_body_is_kept_out_of_the_cloud() -> None:
    sensitive = {
        name for name in SHIPPED.names if SHIPPED.minimum_tier([name]) == PRIVACY_TIERS[-1]
    }

    assert set(SHIPPED.kept_from("cloud", SHIPPED.names)) == sensitive
    assert not SHIPPED.kept_from("on-device", SHIPPED.names)


@given(names, names)
def test_the_tier_of_a_union_is_the_stricter_one(some: list[str], more: list[str]) -> None:
    tiers = [SHIPPED.minimum_tier(item) for item in (some, more)]

    assert SHIPPED.minimum_tier([*some, *more]) == max(tiers, key=tier_rank)


@given(
    st.sampled_from(SHIPPED.names),
    st.sampled_from(PRIVACY_TIERS),
    st.lists(st.sampled_from(TARGETS), min_size=1, unique=True),
)
def test_a_change_is_listed_exactly_if_it_allows_more(
    name: str, tier: str, places: list[str]
) -> None:
    changed, loosened = SHIPPED.extended({name: {"minimumTier": tier, "places": places}}, name="v")

    lower = tier_rank(tier) < tier_rank(SHIPPED.minimum_tier([name]))
    wider = bool(set(places) - set(SHIPPED.types[name].places))
    assert len(loosened) == lower + wider
    assert changed.types[name].modalities == SHIPPED.types[name].modalities


NEW = {"modalities": ["tabular"], "minimumTier": "Internal", "places": ["cloud"]}


def test_a_new_type_loosens_nothing() -> None:
    more, loosened = SHIPPED.extended({"meter-reading": NEW}, name="v")

    assert more.minimum_tier(["meter-reading"]) == "Internal"
    assert loosened == []


def test_a_further_modality_of_a_shipped_type_is_listed() -> None:
    changed = {"customer-profile": {"modalities": ["tabular", "audio"]}}
    _, [loosened] = SHIPPED.extended(changed, name="v")

    assert loosened.startswith("v.customer-profile.modalities is ['tabular', 'audio']")


@pytest.mark.parametrize(
    ("entries", "place"),
    [
        (["barcode"], "v"),
        ({"Bar code": NEW}, "v.Bar code"),
        ({"x" * 100: NEW}, "v.xxx"),
        ({"meter-reading": 1}, "v.meter-reading"),
        ({"meter-reading": {**NEW, "places": []}}, "v.meter-reading.places"),
        ({"meter-reading": {**NEW, "minimumTier": "Secret"}}, "v.meter-reading.minimumTier"),
        ({"meter-reading": {**NEW, "more": 1}}, "v.meter-reading.more"),
        ({"meter-reading": {}}, "v.meter-reading.modalities"),
    ],
)
def test_a_malformed_type_is_refused_by_its_place(entries: Any, place: str) -> None:
    with pytest.raises(DocumentError) as refused:
        SHIPPED.extended(entries, name="v")
    assert refused.value.what.startswith(place)
